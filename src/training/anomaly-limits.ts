/**
 * The linear companion of an autoencoder, fitted on the same windows, and the limits of both: the 0.99 quantile of
 * windows that did not teach, times a factor, as machines that nobody has seen differ from those that set it.
 */
import { fitComponents } from '../core/pca.ts'
import { type AnomalyLimits, type Companion, linearModel } from '../model/anomaly.ts'
import { createExaminer } from '../model/autoencoder.ts'
import type { Backend } from '../model/backend.ts'
import type { Inputs } from '../model/inputs.ts'
import type { NetworkFiles } from '../model/network.ts'
import { meanAndStd } from './column.ts'
import { type Dataset, vectorsOf } from './dataset.ts'
import { preparedRows } from './deck.ts'
import { quantile } from './reliability.ts'
import { visitRows } from './vectors.ts'

export const LIMIT_QUANTILE = 0.99
export const LIMIT_FACTOR = 1.5

/** Rows that components are fitted on; of more every n-th is taken. */
const COMPONENT_ROWS = 20_000

/** Scaled inputs that spread less than this never moved: any spread would be noise. */
const LEAST_SPREAD = 1e-3
/** A statistic that is 0 on all windows is no limit to divide by. */
const LEAST_LIMIT = 1e-6
const DIGITS = 9

type Axes = Pick<Companion, 'mean' | 'spread' | 'axes' | 'variance'>

/** @param rows of windows that teach */
export function fitAxes(dataset: Dataset, inputs: Inputs, rows: Int32Array): Axes {
  const width = inputs.names.length
  const stride = Math.max(1, Math.ceil(rows.length / COMPONENT_ROWS))
  const some = rows.filter((_, i) => i % stride === 0)
  const numbers = new Float32Array(some.length * width)
  preparedRows(dataset, inputs, some, numbers)
  const columns = Array.from({ length: width }, (_, i) =>
    Float64Array.from(some, (_, row) => numbers[row * width + i]!),
  )
  const figures = columns.map(meanAndStd)
  const mean = figures.map((figure) => rounded(figure.mean))
  const spread = figures.map(({ std }) => (std < LEAST_SPREAD ? 1 : rounded(std)))
  const covariance = new Float64Array(width * width)
  for (let i = 0; i < width; i++) {
    for (let j = 0; j <= i; j++) {
      const both = covarianceOf(columns[i]!, mean[i]!, columns[j]!, mean[j]!)
      covariance[i * width + j] = both
      covariance[j * width + i] = both
    }
  }
  const { axes, variance } = fitComponents(covariance, Float64Array.from(spread))
  return { mean, spread, axes: Array.from(axes, rounded), variance: Array.from(variance, rounded) }
}

function covarianceOf(a: Float64Array, meanA: number, b: Float64Array, meanB: number): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i]! - meanA) * (b[i]! - meanB)
  return sum / a.length
}

/** @param rows of windows that did not teach */
export async function fitLimits(
  backend: Backend,
  dataset: Dataset,
  inputs: Inputs,
  files: NetworkFiles,
  axes: Axes,
  rows: Int32Array,
): Promise<AnomalyLimits> {
  const examiner = await createExaminer(backend, inputs, files)
  const linear = linearModel({ ...axes, t2: 1, q: 1 })
  const errors = new Float64Array(rows.length)
  const t2s = new Float64Array(rows.length)
  const qs = new Float64Array(rows.length)
  const width = inputs.features.length
  try {
    const vectors = new Float64Array(rows.length * width)
    visitRows(vectorsOf(dataset), rows, (numbers, at, place) => {
      vectors.set(numbers.subarray(at, at + width), place * width)
    })
    examiner.examine(vectors, rows.length, (row, examined) => {
      const far = linear.distances(examined.inputs, examined.known)
      errors[row] = examined.squares.reduce((sum, square) => sum + square, 0)
      t2s[row] = far.t2
      qs[row] = far.q
    })
  } finally {
    examiner.dispose()
  }
  const [t2, q] = [quantileOf(t2s), quantileOf(qs)]
  const both = quantileOf(t2s.map((far, i) => far / t2 + qs[i]! / q))
  const limit = (high: number) => rounded(high * LIMIT_FACTOR)
  return { limit: limit(quantileOf(errors)), companion: { ...axes, t2, q, limit: limit(both) } }
}

function quantileOf(values: Float64Array): number {
  return rounded(Math.max(LEAST_LIMIT, quantile(values.slice().sort(), LIMIT_QUANTILE)))
}

function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS)) + 0
}
