/**
 * Windows as a pipeline scored them, beside what is known of failures: what every figure of `evaluate` is made from.
 * A window is positive, negative, early or left out as in training (`horizon.ts`).
 */
import type { AlertEvent, Score } from '../core/records.ts'
import { type FailureLabel, type FailureSpan, failureSpans, type Horizon, labeller } from './horizon.ts'

/** Row i of every array is one window; rows are in the order in which windows closed. */
export interface JudgedWindows {
  readonly rows: number
  readonly assets: readonly string[]
  /** Index into `assets`. */
  readonly asset: Int32Array
  /** Epoch ms. */
  readonly startMs: Float64Array
  readonly endMs: Float64Array
  /** `POSITIVE`, `NEGATIVE`, `EARLY` or `LEFT_OUT`. */
  readonly target: Int8Array
  /** Index of the span that the window touches, -1 = none. */
  readonly span: Int32Array
  readonly score: Float64Array
  /** 1 while the asset's normal was still being learned: the pipeline itself says that it can't tell yet. */
  readonly learning: Uint8Array
  readonly spans: readonly FailureSpan[]
}

/** An alert, from when it was raised until it was cleared; null = it stood at the end. Epoch ms. */
export interface RaisedAlert {
  readonly asset: string
  readonly rule: string
  readonly raisedMs: number
  readonly clearedMs: number | null
}

export function judgedWindows(
  scores: readonly Score[],
  labels: readonly FailureLabel[],
  horizon: Horizon,
): JudgedWindows {
  const spans = failureSpans(labels, horizon)
  const verdict = labeller(spans)
  const index = new Map<string, number>()
  for (const { asset } of scores) if (!index.has(asset)) index.set(asset, index.size)
  const verdicts = scores.map(({ asset, windowStart, windowEnd }) => verdict(asset, windowStart, windowEnd))
  return {
    rows: scores.length,
    assets: [...index.keys()],
    asset: Int32Array.from(scores, ({ asset }) => index.get(asset)!),
    startMs: Float64Array.from(scores, ({ windowStart }) => windowStart),
    endMs: Float64Array.from(scores, ({ windowEnd }) => windowEnd),
    target: Int8Array.from(verdicts, ({ target }) => target),
    span: Int32Array.from(verdicts, ({ span }) => span),
    score: Float64Array.from(scores, ({ score }) => score),
    learning: Uint8Array.from(scores, ({ learning }) => (learning ? 1 : 0)),
    spans,
  }
}

/**
 * Alert events → alerts with their ends.
 * @param rules names of the rules that judge scores; alerts of others (no data, say) are no verdict on a machine
 */
export function raisedAlerts(events: readonly AlertEvent[], rules: ReadonlySet<string>): RaisedAlert[] {
  const alerts = new Map<string, RaisedAlert>()
  for (const { type, data } of events) {
    if (!rules.has(data.rule)) continue
    const { asset, rule, raisedAt, updatedAt } = data
    if (type === 'forewarn.alert.raised') {
      alerts.set(data.alert, { asset, rule, raisedMs: raisedAt, clearedMs: null })
    }
    const known = alerts.get(data.alert)
    if (known && type === 'forewarn.alert.cleared') alerts.set(data.alert, { ...known, clearedMs: updatedAt })
  }
  return [...alerts.values()]
}

/** Rows by which windows are judged: positive or negative, and not while learning. */
export function judgedRows({ rows, target, learning }: JudgedWindows): Int32Array {
  const found: number[] = []
  for (let row = 0; row < rows; row++) if (target[row]! >= 0 && learning[row] === 0) found.push(row)
  return Int32Array.from(found)
}
