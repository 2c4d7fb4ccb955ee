/** All windows that a batch closed → one padded tensor per model → a risk for each (design 5). */
import type { Step } from '../core/partition.ts'
import type { EnginePipeline, PipelineModel } from './pipeline.ts'

/**
 * @param steps in log order; commands are passed over
 * @param inferred told of each call of a net
 * @returns one risk per step; NaN for commands and for windows of pipelines without a model
 */
export function scoreWindows(
  pipelines: readonly EnginePipeline[],
  steps: readonly Step[],
  inferred: (windows: number, seconds: number) => void,
): Float64Array {
  const risks = new Float64Array(steps.length).fill(Number.NaN)
  pipelines.forEach(({ model, featureAt }, pipeline) => {
    if (!model) return
    const rows = rowsOf(steps, pipeline)
    if (rows.length === 0) return
    const startedMs = performance.now()
    const scores = model.scorer.score(vectorsOf(steps, rows, model, featureAt), rows.length)
    inferred(rows.length, (performance.now() - startedMs) / 1000)
    rows.forEach((step, row) => {
      risks[step] = scores[row]!
    })
  })
  return risks
}

/** Indices of the steps that are windows of a pipeline. */
function rowsOf(steps: readonly Step[], pipeline: number): number[] {
  const rows: number[] = []
  steps.forEach((step, i) => {
    if ('window' in step && step.window.state.pipeline === pipeline) rows.push(i)
  })
  return rows
}

/** Row-major [rows × features] in the model's order; NaN where a channel was not measured. */
function vectorsOf(
  steps: readonly Step[],
  rows: readonly number[],
  model: PipelineModel,
  featureAt: Int32Array,
): Float64Array {
  const width = model.features.length
  const vectors = new Float64Array(rows.length * width)
  rows.forEach((index, row) => {
    const step = steps[index]!
    if (!('window' in step)) return
    const { statistics } = step.window
    for (let i = 0; i < width; i++) vectors[row * width + i] = statistics[featureAt[i]!] ?? Number.NaN
  })
  return vectors
}
