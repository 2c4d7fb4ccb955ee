/**
 * Alerts of the past, and how those of a backtest differ from those that were: which are new, which would be missing,
 * which would have come earlier or later.
 */
import type { AlertEvent, Severity } from './records.ts'

/** One alert from its first event to its last. Times in epoch ms. */
export interface PastAlert {
  readonly alert: string
  readonly asset: string
  readonly pipeline: string
  readonly rule: string
  readonly severity: Severity
  readonly raisedAt: number
  /** `null`: open at the end. */
  readonly endedAt: number | null
}

export interface AlertHistory {
  /** Takes the events in the order of their partition. */
  take(event: AlertEvent): void
  /** By time, then by id. */
  alerts(): readonly PastAlert[]
}

export type AlertChangeKind = 'same' | 'earlier' | 'later' | 'added' | 'missing'

export interface AlertDifference {
  readonly change: AlertChangeKind
  /** How much earlier or later it would have been raised; 0 else. */
  readonly byMs: number
  /** What would have been; null when it is missing. */
  readonly would: PastAlert | null
  /** What was; null when it is new. */
  readonly was: PastAlert | null
}

export function makeAlertHistory(): AlertHistory {
  const byId = new Map<string, PastAlert>()
  return {
    take({ data, time }) {
      const { alert, asset, pipeline, rule, severity, raisedAt, state } = data
      const endedAt = state === 'closed' ? Date.parse(time) : null
      byId.set(alert, { alert, asset, pipeline, rule, severity, raisedAt, endedAt })
    },
    alerts: () => [...byId.values()].sort(byTime),
  }
}

/** Alerts of one rule of an asset belong together when they are the same one, or were open at the same time. */
export function compareAlerts(
  would: readonly PastAlert[],
  was: readonly PastAlert[],
): readonly AlertDifference[] {
  const left = new Map<string, PastAlert[]>()
  for (const alert of was) {
    const name = nameOf(alert)
    left.set(name, [...(left.get(name) ?? []), alert])
  }
  const same = new Map(was.map((alert) => [alert.alert, alert]))
  const taken = new Set<PastAlert>()
  for (const { alert } of would) {
    const equal = same.get(alert)
    if (equal) taken.add(equal)
  }
  const differences = would.map((alert): AlertDifference => {
    const found = same.get(alert.alert) ?? firstThatMeets(alert, left.get(nameOf(alert)) ?? [], taken)
    if (!found) return { change: 'added', byMs: 0, would: alert, was: null }
    taken.add(found)
    const byMs = alert.raisedAt - found.raisedAt
    const change = byMs === 0 ? 'same' : byMs < 0 ? 'earlier' : 'later'
    return { change, byMs: Math.abs(byMs), would: alert, was: found }
  })
  const missing = was
    .filter((alert) => !taken.has(alert))
    .map((alert): AlertDifference => ({ change: 'missing', byMs: 0, would: null, was: alert }))
  return [...differences, ...missing].sort((a, b) => byTime((a.would ?? a.was)!, (b.would ?? b.was)!))
}

function firstThatMeets(
  alert: PastAlert,
  candidates: readonly PastAlert[],
  taken: ReadonlySet<PastAlert>,
): PastAlert | undefined {
  return candidates.find((other) => !taken.has(other) && meets(alert, other))
}

function meets(a: PastAlert, b: PastAlert): boolean {
  const endOf = ({ endedAt }: PastAlert) => endedAt ?? Number.POSITIVE_INFINITY
  return a.raisedAt <= endOf(b) && b.raisedAt <= endOf(a)
}

function nameOf({ asset, rule }: PastAlert): string {
  return `${asset}/${rule}`
}

function byTime(a: PastAlert, b: PastAlert): number {
  return a.raisedAt - b.raisedAt || (a.alert < b.alert ? -1 : a.alert > b.alert ? 1 : 0)
}
