/**
 * The second baseline that a net must beat: logistic regression on the same scaled features. Newton's method on the
 * penalised likelihood, the same minimum as scikit-learn's `LogisticRegression(C=…)`; tests hold its coefficients.
 */
import { failure } from '../core/errors.ts'

export interface Logistic {
  readonly weights: Float64Array
  readonly bias: number
}

export interface LogisticOptions {
  /** Inverse of the penalty's strength, as scikit-learn's C; the bias is not penalised. */
  readonly c: number
}

const STEPS = 100
/** Greatest part of the gradient, per row, at which it is done. */
const TOLERANCE = 1e-10
/** Halvings of a step that would not lower the loss. */
const HALVINGS = 30

/**
 * Minimises ½·|w|² + C·Σ −ln P(truth).
 * @param inputs row-major [rows × width], scaled
 * @param positive one per row, above 0 = positive
 * @throws Failure `input` when only one class is there
 */
export function fitLogistic(
  inputs: ArrayLike<number>,
  positive: ArrayLike<number>,
  width: number,
  { c }: LogisticOptions,
): Logistic {
  const rows = positive.length
  let hits = 0
  for (let row = 0; row < rows; row++) if (positive[row]! > 0) hits++
  if (hits === 0 || hits === rows) {
    throw failure('input', 'a logistic regression needs windows of both classes, positive and negative')
  }
  const data = { inputs, positive, width, c }
  // Weights, then the bias.
  let at = new Float64Array(width + 1)
  at[width] = Math.log(hits / (rows - hits))
  let loss = lossAt(data, at)
  for (let step = 0; step < STEPS; step++) {
    const { gradient, hessian } = slopesAt(data, at)
    if (gradient.every((part) => Math.abs(part) <= TOLERANCE * Math.max(1, c * rows))) break
    const direction = solve(hessian, gradient, width + 1)
    const next = descend(data, at, direction, loss)
    if (next === null) break
    at = next.at
    loss = next.loss
  }
  return { weights: at.slice(0, width), bias: at[width]! }
}

/** @returns probability of each row */
export function logisticScores(
  { weights, bias }: Logistic,
  inputs: ArrayLike<number>,
  rows: number,
): Float64Array {
  const width = weights.length
  return Float64Array.from({ length: rows }, (_, row) => {
    let sum = bias
    for (let i = 0; i < width; i++) sum += weights[i]! * inputs[row * width + i]!
    return sigmoid(sum)
  })
}

interface Data {
  readonly inputs: ArrayLike<number>
  readonly positive: ArrayLike<number>
  readonly width: number
  readonly c: number
}

function sigmoid(sum: number): number {
  return sum >= 0 ? 1 / (1 + Math.exp(-sum)) : Math.exp(sum) / (1 + Math.exp(sum))
}

function sumAt({ inputs, width }: Data, at: Float64Array, row: number): number {
  let sum = at[width]!
  for (let i = 0; i < width; i++) sum += at[i]! * inputs[row * width + i]!
  return sum
}

function lossAt(data: Data, at: Float64Array): number {
  const { positive, width, c } = data
  let loss = 0
  for (let row = 0; row < positive.length; row++) {
    const sum = sumAt(data, at, row)
    const margin = positive[row]! > 0 ? sum : -sum
    // ln(1 + e^−m) without overflow.
    loss += Math.max(0, -margin) + Math.log1p(Math.exp(-Math.abs(margin)))
  }
  let penalty = 0
  for (let i = 0; i < width; i++) penalty += at[i]! * at[i]!
  return c * loss + penalty / 2
}

function slopesAt(data: Data, at: Float64Array): { gradient: Float64Array; hessian: Float64Array } {
  const { inputs, positive, width, c } = data
  const size = width + 1
  const gradient = new Float64Array(size)
  const hessian = new Float64Array(size * size)
  const row = new Float64Array(size)
  row[width] = 1
  for (let r = 0; r < positive.length; r++) {
    const chance = sigmoid(sumAt(data, at, r))
    const error = c * (chance - (positive[r]! > 0 ? 1 : 0))
    const curvature = c * chance * (1 - chance)
    for (let i = 0; i < width; i++) row[i] = inputs[r * width + i]!
    for (let i = 0; i < size; i++) {
      gradient[i]! += error * row[i]!
      const scaled = curvature * row[i]!
      for (let j = 0; j <= i; j++) hessian[i * size + j]! += scaled * row[j]!
    }
  }
  for (let i = 0; i < size; i++) {
    if (i < width) {
      gradient[i]! += at[i]!
      hessian[i * size + i]! += 1
    }
    for (let j = 0; j < i; j++) hessian[j * size + i] = hessian[i * size + j]!
  }
  return { gradient, hessian }
}

/** Newton's step, halved until the loss falls; null when no step lowers it any more. */
function descend(data: Data, at: Float64Array, direction: Float64Array, loss: number) {
  let share = 1
  for (let halving = 0; halving < HALVINGS; halving++) {
    const next = at.map((value, i) => value - share * direction[i]!)
    const reached = lossAt(data, next)
    if (reached < loss) return { at: next, loss: reached }
    share /= 2
  }
  return null
}

/** Cholesky's decomposition; the penalty keeps the matrix positive definite, and the least ridge the bias's part. */
function solve(matrix: Float64Array, right: Float64Array, size: number): Float64Array {
  const lower = matrix.slice()
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = lower[i * size + j]!
      for (let k = 0; k < j; k++) sum -= lower[i * size + k]! * lower[j * size + k]!
      lower[i * size + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / lower[j * size + j]!
    }
  }
  const result = right.slice()
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) result[i]! -= lower[i * size + k]! * result[k]!
    result[i]! /= lower[i * size + i]!
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) result[i]! -= lower[k * size + i]! * result[k]!
    result[i]! /= lower[i * size + i]!
  }
  return result
}
