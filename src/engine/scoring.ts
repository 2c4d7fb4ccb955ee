/**
 * All windows that a batch closed → one padded tensor per model → a risk for each (design 5), and the reason for each
 * that can raise an alert.
 */
import type { Explanation } from '../core/contributions.ts'
import type { Step } from '../core/partition.ts'
import type { EnginePipeline } from './pipeline.ts'

/** What the models make of a batch: one entry per step. */
export interface Verdicts {
  /** NaN for commands and for windows of pipelines without a model. */
  readonly risks: Float64Array
  /** For windows that can raise an alert or keep one open, where the model can tell. */
  readonly explanations: readonly (Explanation | null)[]
}

/**
 * @param steps in log order; commands are passed over
 * @param inferred told of each call of a net
 */
export function scoreWindows(
  pipelines: readonly EnginePipeline[],
  steps: readonly Step[],
  inferred: (windows: number, seconds: number) => void,
): Verdicts {
  const risks = new Float64Array(steps.length).fill(Number.NaN)
  const explanations: (Explanation | null)[] = steps.map(() => null)
  pipelines.forEach((served, pipeline) => {
    const { model } = served
    if (!model) return
    const rows = rowsOf(steps, pipeline)
    if (rows.length === 0) return
    const startedMs = performance.now()
    const vectors = vectorsOf(steps, rows, served)
    const scores = model.scorer.score(vectors, rows.length)
    inferred(rows.length, (performance.now() - startedMs) / 1000)
    rows.forEach((step, row) => {
      risks[step] = scores[row]!
    })
    explain(served, rows, vectors, scores, explanations)
  })
  return { risks, explanations }
}

/** Which rows are explained depends on their scores alone, so a replay explains the same ones. */
function explain(
  { rules, model, explained }: EnginePipeline,
  steps: readonly number[],
  vectors: Float64Array,
  scores: Float64Array,
  explanations: (Explanation | null)[],
): void {
  const from = rules.explainFrom
  if (from === undefined || !model?.scorer.explain) return
  const rows = [...scores.keys()].filter((row) => scores[row]! >= from)
  if (rows.length === 0) return
  const width = explained.length
  const values = new Float64Array(rows.length * width)
  rows.forEach((row, i) => {
    values.set(vectors.subarray(row * width, (row + 1) * width), i * width)
  })
  const shares = model.scorer.explain(values, rows.length)
  rows.forEach((row, i) => {
    explanations[steps[row]!] = {
      features: explained,
      values: values.subarray(i * width, (i + 1) * width),
      shares: shares.subarray(i * width, (i + 1) * width),
    }
  })
}

/** Indices of the steps that are windows of a pipeline. */
function rowsOf(steps: readonly Step[], pipeline: number): number[] {
  const rows: number[] = []
  steps.forEach((step, i) => {
    if ('window' in step && step.window.state.pipeline === pipeline) rows.push(i)
  })
  return rows
}

/**
 * Row-major [rows × features] in the model's order, attributes last; NaN where a channel was not measured, and for
 * an attribute that the model does not know.
 */
function vectorsOf(
  steps: readonly Step[],
  rows: readonly number[],
  { featureAt, codes }: EnginePipeline,
): Float64Array {
  const width = featureAt.length
  const vectors = new Float64Array(rows.length * width)
  rows.forEach((index, row) => {
    const step = steps[index]!
    if (!('window' in step)) return
    const { statistics, state } = step.window
    for (let i = 0; i < width; i++) vectors[row * width + i] = statistics[featureAt[i]!] ?? Number.NaN
    const own = codes(state.asset)
    own.forEach((code, i) => {
      vectors[(row + 1) * width - own.length + i] = code
    })
  })
  return vectors
}
