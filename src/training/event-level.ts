/**
 * What people would have met: failures that an alert came before, how long before, and alerts for nothing. An alert
 * counts from its raising: one that stood already when a fault began did not warn of it.
 */
import { bootstrapIntervals, type Interval, replicatesFor, sixDecimals } from './bootstrap.ts'
import type { FailureSpan } from './horizon.ts'
import type { JudgedWindows, RaisedAlert } from './judged.ts'
import { upperMean } from './poisson.ts'
import { quantile } from './reliability.ts'

const DAY_MS = 86_400_000
/** A twelfth of a mean year of the Gregorian calendar. */
const MONTH_DAYS = 365.2425 / 12

/** A known failure, and the first alert between its onset and itself. Epoch ms. */
export interface Warned {
  readonly asset: string
  readonly kind: string
  readonly onsetMs: number
  readonly failureMs: number
  /** Null = no alert before the failure. */
  readonly warnedMs: number | null
}

/** Milliseconds over the failures that were warned of. */
export interface Spread {
  readonly least: number
  readonly lowerQuartile: number
  readonly median: number
  readonly upperQuartile: number
  readonly most: number
}

export interface EventLevel {
  readonly failures: number
  /** Failures behind the end of the readings, or with no watched window before them: they can't be judged. */
  readonly unwatchedFailures: number
  readonly warned: number
  readonly warnedShare: number | null
  readonly alerts: number
  readonly falseAlerts: number
  /** Watched time: covered by windows, without those in which the normal was being learned. */
  readonly machineDays: number
  /** Watched time that touches no label; false alerts can be raised only here, so their rates are over it. */
  readonly healthyMachineDays: number
  readonly falseAlertsPerMachineMonth: number | null
  readonly falseAlertsPer100MachineDays: number | null
  /** Upper bound of that rate, one-sided 95 %, false alerts taken for independent (`poisson.ts`). */
  readonly falseAlertsPer100MachineDaysAtMost: number | null
  /** From the alert to the failure. */
  readonly leadMs: Spread | null
  /** From onset to the alert. */
  readonly delayMs: Spread | null
  readonly intervals: Readonly<Record<string, Interval>> | null
  readonly warnings: readonly Warned[]
}

/** What one asset adds to the figures. */
interface Share {
  failures: number
  falseAlerts: number
  watchedMs: number
  healthyMs: number
  readonly leads: number[]
}

export function eventLevel(windows: JudgedWindows, alerts: readonly RaisedAlert[], seed: number): EventLevel {
  const shares = windows.assets.map(
    (): Share => ({ failures: 0, falseAlerts: 0, watchedMs: 0, healthyMs: 0, leads: [] }),
  )
  const index = new Map(windows.assets.map((asset, i) => [asset, i]))
  const watched = coverTime(windows, shares)
  const lastMs = windows.endMs.reduce((most, endMs) => Math.max(most, endMs), Number.NEGATIVE_INFINITY)
  const known = windows.spans.filter(({ label }) => index.has(label.asset))
  const warnings = known.flatMap((span) =>
    watched.has(span) && span.failureMs <= lastMs ? [warningOf(span, alerts)] : [],
  )
  for (const { asset, failureMs, warnedMs } of warnings) {
    const share = shares[index.get(asset)!]!
    share.failures++
    if (warnedMs !== null) share.leads.push(failureMs - warnedMs)
  }
  for (const alert of alerts) {
    const share = shares[index.get(alert.asset) ?? -1]
    if (share && isFalse(alert, known)) share.falseAlerts++
  }
  const intervals = bootstrapIntervals(shares.length, replicatesFor(shares.length), seed, (weight) =>
    figuresOf(shares, weight),
  )
  return { ...summary(shares, warnings, alerts.length, known.length), intervals, warnings }
}

/**
 * Adds up what each window covers that the one before it did not.
 * @returns the spans during which a window was watched: it ended after onset, not after the failure
 */
function coverTime(windows: JudgedWindows, shares: readonly Share[]): ReadonlySet<FailureSpan> {
  const until = new Float64Array(windows.assets.length).fill(Number.NEGATIVE_INFINITY)
  const watched = new Set<FailureSpan>()
  for (let row = 0; row < windows.rows; row++) {
    if (windows.learning[row] === 1) continue
    const asset = windows.asset[row]!
    const endMs = windows.endMs[row]!
    const coveredMs = Math.max(0, endMs - Math.max(windows.startMs[row]!, until[asset]!))
    until[asset] = Math.max(until[asset]!, endMs)
    shares[asset]!.watchedMs += coveredMs
    const span = windows.spans[windows.span[row]!]
    if (span === undefined) shares[asset]!.healthyMs += coveredMs
    else if (endMs > span.beginMs && endMs <= span.failureMs) watched.add(span)
  }
  return watched
}

function warningOf({ label, beginMs, failureMs }: FailureSpan, alerts: readonly RaisedAlert[]): Warned {
  const times = alerts.flatMap(({ asset, raisedMs }) =>
    asset === label.asset && raisedMs > beginMs && raisedMs <= failureMs ? [raisedMs] : [],
  )
  const warnedMs = times.length > 0 ? Math.min(...times) : null
  return { asset: label.asset, kind: label.kind, onsetMs: beginMs, failureMs, warnedMs }
}

/** Not between a fault's onset and the end of its repair. */
function isFalse({ asset, raisedMs }: RaisedAlert, spans: readonly FailureSpan[]): boolean {
  return !spans.some(
    ({ label, beginMs, endMs }) => label.asset === asset && raisedMs > beginMs && raisedMs <= endMs,
  )
}

function summary(
  shares: readonly Share[],
  warnings: readonly Warned[],
  alerts: number,
  labels: number,
): Omit<EventLevel, 'intervals' | 'warnings'> {
  const once = new Uint32Array(shares.length).fill(1)
  const figures = figuresOf(shares, once)
  const sum = (of: (share: Share) => number) => shares.reduce((total, share) => total + of(share), 0)
  const warned = warnings.filter(({ warnedMs }) => warnedMs !== null)
  return {
    failures: warnings.length,
    unwatchedFailures: labels - warnings.length,
    warned: warned.length,
    warnedShare: numberOrNull(figures.warnedShare),
    alerts,
    falseAlerts: sum(({ falseAlerts }) => falseAlerts),
    machineDays: sixDecimals(sum(({ watchedMs }) => watchedMs) / DAY_MS),
    healthyMachineDays: sixDecimals(sum(({ healthyMs }) => healthyMs) / DAY_MS),
    falseAlertsPerMachineMonth: numberOrNull(figures.falseAlertsPerMachineMonth),
    falseAlertsPer100MachineDays: numberOrNull(figures.falseAlertsPer100MachineDays),
    falseAlertsPer100MachineDaysAtMost: numberOrNull(
      (upperMean(sum(({ falseAlerts }) => falseAlerts)) / sum(({ healthyMs }) => healthyMs)) * DAY_MS * 100,
    ),
    leadMs: spreadOf(warned.map(({ failureMs, warnedMs }) => failureMs - warnedMs!)),
    delayMs: spreadOf(warned.map(({ onsetMs, warnedMs }) => warnedMs! - onsetMs)),
  }
}

/** NaN = can't be told of these assets. */
function figuresOf(shares: readonly Share[], weight: Uint32Array) {
  let [failures, warned, falseAlerts, healthyMs] = [0, 0, 0, 0]
  const leads: number[] = []
  shares.forEach((share, i) => {
    const times = weight[i]!
    failures += times * share.failures
    warned += times * share.leads.length
    falseAlerts += times * share.falseAlerts
    healthyMs += times * share.healthyMs
    for (let time = 0; time < times; time++) leads.push(...share.leads)
  })
  const days = healthyMs / DAY_MS
  const perDay = days > 0 ? falseAlerts / days : Number.NaN
  return {
    warnedShare: failures > 0 ? warned / failures : Number.NaN,
    falseAlertsPerMachineMonth: perDay * MONTH_DAYS,
    falseAlertsPer100MachineDays: perDay * 100,
    medianLeadMs: quantile(Float64Array.from(leads).sort(), 0.5),
  }
}

function numberOrNull(value: number): number | null {
  return Number.isFinite(value) ? sixDecimals(value) : null
}

function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null
  const sorted = Float64Array.from(values).sort()
  const at = (share: number) => Math.round(quantile(sorted, share))
  return {
    least: at(0),
    lowerQuartile: at(0.25),
    median: at(0.5),
    upperQuartile: at(0.75),
    most: at(1),
  }
}
