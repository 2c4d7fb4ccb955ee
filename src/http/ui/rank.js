/** Orders: what needs a person first. */

/** @import {Alert, Severity} from '../../core/records.ts' */
/** @import {AssetItem} from '../asset-item.ts' */

/** @type {readonly Severity[]} */
export const SEVERITIES = ['low', 'medium', 'high', 'critical']

/** @param {Severity} severity */
export function severityRank(severity) {
  return SEVERITIES.indexOf(severity)
}

/** @param {Alert} alert */
export function isOpen(alert) {
  return alert.state !== 'closed'
}

/** @param {Alert} alert nobody has said yet that they have seen it */
export function isUnseen(alert) {
  return isOpen(alert) && alert.state !== 'acknowledged'
}

/**
 * Unseen before seen, worse before milder, newer before older.
 * @param {Alert} a
 * @param {Alert} b
 */
export function compareAlerts(a, b) {
  return (
    Number(isUnseen(b)) - Number(isUnseen(a)) ||
    severityRank(b.severity) - severityRank(a.severity) ||
    b.raisedAt - a.raisedAt
  )
}

/** @param {AssetItem} item */
export function riskOf(item) {
  const base = item.state === 'alert' ? 20 : item.state === 'acknowledged' ? 10 : 0
  const severity = item.severity === null ? 0 : 2 * severityRank(item.severity)
  return base + severity + (item.score ?? -1)
}

/** @typedef {'risk' | 'asset' | 'age'} SortKey */

/**
 * @param {SortKey} key
 * @returns {(a: AssetItem, b: AssetItem) => number}
 */
export function compareAssets(key) {
  const byName = (/** @type {AssetItem} */ a, /** @type {AssetItem} */ b) =>
    a.asset.localeCompare(b.asset, undefined, { numeric: true })
  if (key === 'asset') return byName
  if (key === 'age') return (a, b) => (a.windowEnd ?? 0) - (b.windowEnd ?? 0) || byName(a, b)
  return (a, b) => riskOf(b) - riskOf(a) || byName(a, b)
}
