/** One alert: how bad, which machine, since when, why; and the button to acknowledge it. */
import { fill, h, setText } from './dom.js'
import {
  capital,
  formatAge,
  formatPercent,
  formatScore,
  formatTime,
  formatValue,
  reasonText,
} from './format.js'
import { severityIcon } from './icons.js'
import { isOpen, isUnseen } from './rank.js'

/** @import {Alert, Reason} from '../../core/records.ts' */

/** Reasons that a card shows; the asset's page shows all. */
const SHORT_REASONS = 3
const LEAST_SHARE = 0.01

/**
 * @typedef {object} AlertCard
 * @property {HTMLElement} element
 * @property {(alert: Alert) => void} show
 * @property {(now: number) => void} tick
 */

/**
 * @typedef {object} CardOptions
 * @property {boolean} [allReasons]
 * @property {boolean} [linked] names the asset, and links to its page
 */

/**
 * @param {(alert: Alert) => void} acknowledge
 * @param {CardOptions} [options]
 * @returns {AlertCard}
 */
export function makeAlertCard(acknowledge, { allReasons = false, linked = true } = {}) {
  const element = h('li', { class: 'card' })
  const age = h('time', { class: 'card-age' })
  /** @type {Alert | null} */
  let shown = null

  /** @param {number} now */
  function tick(now) {
    if (shown === null) return
    const at = isOpen(shown) ? shown.raisedAt : shown.updatedAt
    setText(age, formatAge(at, now))
    age.setAttribute('datetime', new Date(at).toISOString())
    age.title = formatTime(at, now)
  }

  return {
    element,
    tick,
    show(alert) {
      const isSame = shown !== null && JSON.stringify(shown) === JSON.stringify(alert)
      shown = alert
      if (isSame) return
      element.dataset.severity = alert.severity
      element.dataset.state = isUnseen(alert) ? 'unseen' : isOpen(alert) ? 'seen' : 'closed'
      element.dataset.alert = alert.alert
      const reasons = allReasons ? alert.reasons : mainReasons(alert)
      fill(
        element,
        headOf(alert, linked, age),
        h('p', { class: 'card-rule' }, ...ruleText(alert, linked)),
        reasons.length > 0 && h('ul', { class: 'reasons', 'aria-label': 'Why' }, ...reasons.map(reasonLine)),
        footOf(alert, acknowledge),
      )
      tick(Date.now())
    },
  }
}

/** @param {Alert} alert */
function mainReasons({ reasons }) {
  return reasons.filter(({ share }, i) => i === 0 || share >= LEAST_SHARE).slice(0, SHORT_REASONS)
}

/**
 * @param {Alert} alert
 * @param {boolean} linked
 * @param {HTMLElement} age
 */
function headOf(alert, linked, age) {
  const name = linked
    ? h('a', { class: 'card-asset', href: `#/asset/${encodeURIComponent(alert.asset)}` }, alert.asset)
    : h('span', { class: 'card-asset' }, `Rule ${alert.rule}`)
  const severity = h('span', { class: 'severity' }, severityIcon(alert.severity), capital(alert.severity))
  return h('div', { class: 'card-head' }, severity, name, age)
}

/**
 * @param {Alert} alert
 * @param {boolean} linked
 */
function ruleText(alert, linked) {
  const parts = linked ? [`Rule ${alert.rule}`, alert.pipeline] : [alert.pipeline]
  if (alert.silentSince !== undefined) {
    return [`${parts.join(' · ')} · last heard `, h('b', {}, formatTime(alert.silentSince, Date.now()))]
  }
  return [`${parts.join(' · ')} · score `, h('b', {}, formatScore(alert.score))]
}

/** @param {Reason} reason */
function reasonLine(reason) {
  const { channel, feature, value, normal, share } = reason
  const bar = h('span', { class: 'share-fill' })
  bar.style.width = `${share * 100}%`
  const usual = normal === null ? ', normal not known yet' : `, normal ${formatValue(normal)}`
  const text = h(
    'span',
    { class: 'reason-text' },
    `${channel} ${feature} `,
    h('b', {}, formatValue(value)),
    usual,
  )
  return h(
    'li',
    { title: reasonText(reason) },
    text,
    h('span', { class: 'share-text' }, formatPercent(share)),
    h('span', { class: 'share', 'aria-hidden': 'true' }, bar),
  )
}

/**
 * @param {Alert} alert
 * @param {(alert: Alert) => void} acknowledge
 */
function footOf(alert, acknowledge) {
  if (isUnseen(alert)) {
    const label = `Acknowledge the ${alert.severity} alert of ${alert.asset}`
    const attributes = { type: 'button', class: 'button primary', 'aria-label': label }
    const button = h('button', { ...attributes, onclick: () => acknowledge(alert) }, 'Acknowledge')
    return h('div', { class: 'card-foot' }, button)
  }
  const by = alert.by === undefined ? 'Acknowledged' : `Acknowledged by ${alert.by}`
  const closed = alert.by === undefined ? 'Closed' : `Closed · ${by}`
  const comment = alert.comment ? h('q', {}, alert.comment) : null
  return h('p', { class: 'card-foot said' }, isOpen(alert) ? by : closed, comment)
}
