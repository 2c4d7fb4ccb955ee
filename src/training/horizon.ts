/**
 * Which windows count as "fails soon": a label says when a fault began and when the machine failed, the horizon
 * says which part of that time a warning is wanted in. The manifest of a model records it.
 *
 *   from             to − share·(to − from)             to              to + afterMs
 *    │  left out (too early) │  positive: fails soon     │ left out (broken) │
 *
 * A label without `to` is a failure at `from`: positive are the `beforeMs` before it. Windows that lie across a
 * border are left out; windows that touch no label are negative.
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
  /** Before a failure whose onset is not known. */
  readonly beforeMs: number
  /** Behind a failure: the machine is broken or under repair, and teaches nothing. */
  readonly afterMs: number
}

export const POSITIVE = 1
export const NEGATIVE = 0
export const LEFT_OUT = -1

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
  readonly target: typeof POSITIVE | typeof NEGATIVE | typeof LEFT_OUT
  readonly span: number
}

/** @throws Failure `input` when a label ends before it begins */
export function failureSpans(labels: readonly FailureLabel[], horizon: Horizon): FailureSpan[] {
  return labels.map((label) => {
    const { asset, from, to } = label
    if (to !== null && to < from) {
      throw failure('input', `label of ${asset}: to (${to}) is before from (${from})`)
    }
    const failureMs = to ?? from
    const positiveFromMs = to === null ? from - horizon.beforeMs : to - horizon.share * (to - from)
    const beginMs = Math.min(from, positiveFromMs)
    return { label, beginMs, positiveFromMs, failureMs, endMs: failureMs + horizon.afterMs }
  })
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
      const within = startMs >= positiveFromMs && endMs <= failureMs
      return { target: within ? POSITIVE : LEFT_OUT, span: i }
    }
    return { target: NEGATIVE, span: -1 }
  }
}
