/** Mean and spread of each feature over the machines that teach; what stands for a missing one. */
import type { Scaling } from '../model/scaling.ts'
import type { Dataset } from './dataset.ts'

/** Scaled values are held within ±this many spreads. */
export const CLIP = 10

/** Digits kept: a scaler is read by people too, and the rest is noise. */
const DIGITS = 7

/**
 * A missing feature is set to the mean, which is 0 for the net: it then says nothing. A feature that never moves
 * gets a spread of 1.
 * @param rows of the machines that teach
 */
export function fitScaling({ vectors, features }: Dataset, rows: Int32Array): Scaling {
  const columns = features.map((_, i) => column(vectors, features.length, i, rows))
  const mean = columns.map(({ mean }) => rounded(mean))
  const std = columns.map(({ std }) => (std > 0 ? rounded(std) : 1))
  return { mean, std, clip: CLIP, missing: mean }
}

/** Welford's update over the values that are there. */
function column(
  vectors: Float64Array,
  width: number,
  at: number,
  rows: Int32Array,
): { readonly mean: number; readonly std: number } {
  let count = 0
  let mean = 0
  let squares = 0
  for (const row of rows) {
    const value = vectors[row * width + at]!
    if (!Number.isFinite(value)) continue
    count++
    const delta = value - mean
    mean += delta / count
    squares += delta * (value - mean)
  }
  return { mean, std: count > 0 ? Math.sqrt(squares / count) : 0 }
}

function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS))
}
