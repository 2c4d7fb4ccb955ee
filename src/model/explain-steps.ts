/**
 * Integrated gradients of a net of any kind: the mean of the backend's gradients at many midpoints of the way from the
 * baseline (`explain.ts` says what that is, and takes nets of ReLUs by a shorter way). All rows and steps go through the
 * backend as one tensor, padded like scores: the parts of a row do not depend on who shares its batch (law 3).
 */
import type { LayersModel, Tensor } from '@tensorflow/tfjs'
import { failure } from '../core/errors.ts'
import type { TensorFlow } from './backend.ts'
import type { Explainer } from './explain.ts'
import { numbersOf } from './network.ts'
import { ROW_UNIT, wholeRows } from './rows.ts'

/** Midpoints on the way, a multiple of `ROW_UNIT`; a net of ReLUs bends on it, so more of them is better. */
export const STEPS = 144
/** For the rows that bend more. */
export const MORE_STEPS = 1152

/** The parts add up to what they explain within this share of it (of 1, when that is less). */
export const COMPLETENESS = 0.01

/** Most points (rows × steps) in one tensor, and most numbers in them: wide nets take fewer points at once. */
const MOST_POINTS = 9216
const MOST_NUMBERS = 1 << 20

/**
 * @param name of the model, for messages
 * @param network explained in its output; the caller's to dispose of
 * @param width inputs of the net
 */
export function stepExplainer(
  tf: TensorFlow,
  name: string,
  network: LayersModel,
  width: number,
): Pick<Explainer, 'parts'> {
  const gradient = tf.grad((points: Tensor) => applied(network, points))
  const most = mostPoints(width)
  let points = new Float32Array(0)
  const baseline = valuesOf(tf, network, new Float32Array(ROW_UNIT * width), width)[0]!

  /** Adds to `out` the parts of `rows` rows with so many steps. */
  function integrate(inputs: Float32Array, rows: readonly number[], steps: number, out: Float64Array): void {
    if (points.length === 0 && rows.length > 0) points = new Float32Array(most * width)
    for (let from = 0; from < rows.length; from += most / steps) {
      const taken = rows.slice(from, from + most / steps)
      taken.forEach((row, i) => {
        fillWay(inputs.subarray(row * width, (row + 1) * width), points, i * steps, steps)
      })
      const shape: [number, number] = [taken.length * steps, width]
      const way = points.subarray(0, shape[0] * width)
      const gradients = numbersOf(tf, () => gradient(tf.tensor2d(way, shape)))
      taken.forEach((row, i) => {
        meanOfWay(gradients, i * steps, steps, inputs, row, width, out)
      })
    }
  }

  return {
    parts(inputs, rows) {
      const out = new Float64Array(rows * width)
      const all = Array.from({ length: rows }, (_, row) => row)
      integrate(inputs, all, STEPS, out)
      const values = endValues(tf, network, inputs, rows, width)
      const rough = all.filter((row) => {
        const explained = values[row]! - baseline
        if (!Number.isFinite(explained))
          throw failure('model', `${name} gives no number: its weights are not finite`)
        const gap = Math.abs(sumOf(out, row, width) - explained)
        return gap > COMPLETENESS * Math.max(1, Math.abs(explained))
      })
      integrate(inputs, rough, MORE_STEPS, out)
      return out
    },
  }
}

function applied(network: LayersModel, points: Tensor): Tensor {
  const output = network.apply(points)
  if (Array.isArray(output) || !('dataSync' in output))
    throw failure('model', 'model.json: the net gives several tensors, 1 is explained')
  return output
}

/** The midpoints of equal steps from 0 to the row. */
function fillWay(row: Float32Array, points: Float32Array, first: number, steps: number): void {
  for (let step = 0; step < steps; step++) {
    const share = (step + 0.5) / steps
    const at = (first + step) * row.length
    for (let i = 0; i < row.length; i++) points[at + i] = share * row[i]!
  }
}

/** Sums in double precision and in a fixed order: the bits are those of the row alone. */
function meanOfWay(
  gradients: ArrayLike<number>,
  first: number,
  steps: number,
  inputs: Float32Array,
  row: number,
  width: number,
  out: Float64Array,
): void {
  for (let i = 0; i < width; i++) {
    let sum = 0
    for (let step = 0; step < steps; step++) sum += gradients[(first + step) * width + i]!
    out[row * width + i] = (sum / steps) * inputs[row * width + i]!
  }
}

function sumOf(parts: Float64Array, row: number, width: number): number {
  let sum = 0
  for (let i = 0; i < width; i++) sum += parts[row * width + i]!
  return sum
}

/** What the net gives at the rows themselves. */
function endValues(
  tf: TensorFlow,
  network: LayersModel,
  inputs: Float32Array,
  rows: number,
  width: number,
): ArrayLike<number> {
  const padded = new Float32Array(wholeRows(rows) * width)
  padded.set(inputs.subarray(0, rows * width))
  return rows === 0 ? [] : valuesOf(tf, network, padded, width)
}

function valuesOf(
  tf: TensorFlow,
  network: LayersModel,
  inputs: Float32Array,
  width: number,
): ArrayLike<number> {
  return numbersOf(tf, () => applied(network, tf.tensor2d(inputs, [inputs.length / width, width])))
}

/** A multiple of both numbers of steps, so that a row's way is never cut. */
function mostPoints(width: number): number {
  const points = Math.min(MOST_POINTS, Math.floor(MOST_NUMBERS / width))
  return Math.max(1, Math.floor(points / MORE_STEPS)) * MORE_STEPS
}
