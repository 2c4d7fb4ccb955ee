/**
 * Which windows count as "fails soon": a label says when a fault began and when the machine failed, the horizon
 * says which part of that time a warning is wanted in. The manifest of a model records it.
 *
 *   from                   positive from                to              to + afterMs
 *    │         early         │  positive: fails soon     │ left out (broken) │
 *
 * Positive is the last `share` of the way from onset to failure; or, when `beforeMs` is given, the time that long
 * before the failure, as far as the fault had begun. A label without `to` is a failure at `from` and needs
 * `beforeMs`. Windows that lie across a border are left out; windows that touch no label are negative. Early ones
 * do not teach: at first a fault can't be told from health. Results are given with and without them.
 */
import { failure } from '../core/errors.ts'

/** One known failure (the `--labels` file of design 4.7). Times in epoch ms. */
export interface FailureLabel {
  readonly asset: string
  /** True onset of the fault; or the failure, when `to` is null. */
  readonly from: number
  readonly to: number | null
  readonly kind: string
}

export interface Horizon {
  /** Last share of the time from onset to failure. */
  readonly share: number
  /** Ms before a failure; null = by `share`. */
  readonly beforeMs: number | null
  /** Behind a failure: the machine is broken or under repair, and teaches nothing. */
  readonly afterMs: number
}

export const POSITIVE = 1
export const NEGATIVE = 0
export const LEFT_OUT = -1
export const EARLY = -2

/** The stretches of time that one label makes. */
export interface FailureSpan {
  readonly label: FailureLabel
  /** From here on no window is negative. */
  readonly beginMs: number
  readonly positiveFromMs: number
  readonly failureMs: number
  readonly endMs: number
}

/** What a window is, and the label that it touches (-1: none). */
export interface Verdict {
  readonly target: typeof POSITIVE | typeof NEGATIVE | typeof LEFT_OUT | typeof EARLY
  readonly span: number
}

/** @throws Failure `input` when a label ends before it begins, or needs a horizon in time and there is none */
export function failureSpans(labels: readonly FailureLabel[], horizon: Horizon): FailureSpan[] {
  return labels.map((label) => {
    const failureMs = label.to ?? label.from
    const positiveFromMs = positiveFrom(label, horizon)
    const beginMs = Math.min(label.from, positiveFromMs)
    return { label, beginMs, positiveFromMs, failureMs, endMs: failureMs + horizon.afterMs }
  })
}

function positiveFrom({ asset, from, to }: FailureLabel, { share, beforeMs }: Horizon): number {
  if (to === null) {
    if (beforeMs !== null) return from - beforeMs
    throw failure(
      'input',
      `the label of ${asset} at ${from} has no 'to'; say by --horizon how long before a failure a window counts as failing`,
    )
  }
  if (to < from) throw failure('input', `the label of ${asset}: 'to' (${to}) is before 'from' (${from})`)
  return beforeMs === null ? to - share * (to - from) : Math.max(from, to - beforeMs)
}

/** @returns a judge of windows [startMs, endMs) of an asset */
export function labeller(
  spans: readonly FailureSpan[],
): (asset: string, startMs: number, endMs: number) => Verdict {
  const byAsset = new Map<string, number[]>()
  spans.forEach(({ label }, i) => {
    byAsset.set(label.asset, [...(byAsset.get(label.asset) ?? []), i])
  })
  return (asset, startMs, endMs) => {
    for (const i of byAsset.get(asset) ?? []) {
      const { beginMs, positiveFromMs, failureMs, endMs: overMs } = spans[i]!
      if (endMs <= beginMs || startMs >= overMs) continue
      if (startMs >= positiveFromMs && endMs <= failureMs) return { target: POSITIVE, span: i }
      const early = startMs >= beginMs && endMs <= positiveFromMs
      return { target: early ? EARLY : LEFT_OUT, span: i }
    }
    return { target: NEGATIVE, span: -1 }
  }
}
