/**
 * Alerts as they stand, and those closed lately. Fed in log order: first `alert-states` as a whole, then the last
 * events of `alerts` before it, which are history, then each event behind it; so what it shows never goes back once it
 * has caught up. On Kafka a commit appears on one topic a moment before it does on another: what `alert-states` did not
 * show yet is then found in the history.
 */
import { isDeepStrictEqual } from 'node:util'
import { type Alert, SEVERITIES, type Severity } from '../core/records.ts'
import { BOARD_CLOSED_ALERTS, BOARD_OPEN_ALERTS } from './limits.ts'

export interface AlertBook {
  /**
   * Takes an alert as an event or `alert-states` shows it.
   * @returns false when it is new and the book is full
   */
  put(alert: Alert): boolean
  /**
   * Takes an alert of the past, in log order: news is what closes an alert, and what comes behind the state that is known.
   * @returns false when it is new and the book is full
   */
  putHistory(alert: Alert): boolean
  get(id: string): Alert | undefined
  /** Open ones of an asset, worst first. */
  openOf(asset: string): readonly Alert[]
  /** Open and lately closed, in no order. */
  all(): Iterable<Alert>
  /** Lately closed, as they came to be known. */
  closed(): Iterable<Alert>
  countBySeverity(): Record<Severity, number>
}

export function severityRank(severity: Severity): number {
  return SEVERITIES.indexOf(severity)
}

export function makeAlertBook(): AlertBook {
  const open = new Map<string, Alert>()
  /** Asset → rule → open alert: at most one is open per asset and rule. */
  const byAsset = new Map<string, Map<string, Alert>>()
  /** In the order in which they were closed. */
  const closed = new Map<string, Alert>()
  /** Open alerts that history has come to the state of; as many as it has at most. */
  const reached = new Set<string>()

  function remove(alert: Alert): void {
    open.delete(alert.alert)
    const rules = byAsset.get(alert.asset)
    if (rules?.get(alert.rule)?.alert !== alert.alert) return
    rules.delete(alert.rule)
    if (rules.size === 0) byAsset.delete(alert.asset)
  }

  function close(alert: Alert): void {
    remove(alert)
    closed.delete(alert.alert)
    closed.set(alert.alert, alert)
    if (closed.size <= BOARD_CLOSED_ALERTS) return
    for (const oldest of closed.keys()) {
      closed.delete(oldest)
      break
    }
  }

  function hold(alert: Alert): boolean {
    const rules = byAsset.get(alert.asset) ?? new Map<string, Alert>()
    const before = rules.get(alert.rule)
    if (before === undefined && open.size >= BOARD_OPEN_ALERTS) return false
    if (before !== undefined && before.alert !== alert.alert) open.delete(before.alert)
    open.set(alert.alert, alert)
    byAsset.set(alert.asset, rules.set(alert.rule, alert))
    return true
  }

  return {
    put(alert) {
      // Closed is the end of an alert: the condition coming back raises another one.
      if (alert.state === 'closed') close(alert)
      else if (!closed.has(alert.alert)) return hold(alert)
      return true
    },
    putHistory(alert) {
      const { alert: id, asset, rule, raisedAt } = alert
      if (alert.state === 'closed') close(alert)
      if (closed.has(id)) return true
      const known = open.get(id)
      if (known !== undefined && !reached.has(id)) {
        if (isDeepStrictEqual(known, alert)) reached.add(id)
        return true
      }
      const latest = byAsset.get(asset)?.get(rule)
      if (latest !== undefined && latest.raisedAt > raisedAt) return true
      reached.add(id)
      return hold(alert)
    },
    get: (id) => open.get(id) ?? closed.get(id),
    openOf: (asset) => [...(byAsset.get(asset)?.values() ?? [])].sort(worstFirst),
    *all() {
      yield* open.values()
      yield* closed.values()
    },
    closed: () => closed.values(),
    countBySeverity() {
      const counts: Record<Severity, number> = { low: 0, medium: 0, high: 0, critical: 0 }
      for (const { severity } of open.values()) counts[severity]++
      return counts
    },
  }
}

function worstFirst(a: Alert, b: Alert): number {
  return severityRank(b.severity) - severityRank(a.severity) || b.raisedAt - a.raisedAt
}
