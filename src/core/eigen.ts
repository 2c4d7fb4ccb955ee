/**
 * Eigenvalues and eigenvectors of a small symmetric matrix by Jacobi's cyclic rotations (G. H. Golub, C. F. Van Loan,
 * "Matrix Computations", 4th ed., 8.5): exact to the last digits for a few dozen rows, and the same bits wherever it
 * runs, since it adds, multiplies, divides and takes roots alone.
 */

/** Sorted by eigenvalue, the greatest first. */
export interface Eigen {
  readonly values: Float64Array
  /** Row-major: row k is the unit eigenvector of value k; its largest component is positive. */
  readonly vectors: Float64Array
}

/** Sweeps over all pairs; six or seven are enough, more mean that the matrix holds no numbers. */
const MOST_SWEEPS = 40
/** Squared off-diagonal part, over the squared diagonal, at which the matrix counts as diagonal. */
const DIAGONAL = 1e-26

/** @param matrix row-major [size × size], symmetric, finite; it is left as it is */
export function eigen(matrix: Float64Array, size: number): Eigen {
  const a = matrix.slice()
  const v = new Float64Array(size * size)
  for (let i = 0; i < size; i++) v[i * size + i] = 1
  for (let sweep = 0; sweep < MOST_SWEEPS && !isDiagonal(a, size); sweep++) {
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) rotate(a, v, size, p, q)
    }
  }
  const order = Array.from({ length: size }, (_, i) => i)
  order.sort((i, j) => a[j * size + j]! - a[i * size + i]! || i - j)
  const vectors = new Float64Array(size * size)
  order.forEach((from, k) => {
    writeUpright(v.subarray(from * size, (from + 1) * size), vectors, k * size)
  })
  return { values: Float64Array.from(order, (i) => a[i * size + i]!), vectors }
}

function isDiagonal(a: Float64Array, size: number): boolean {
  let off = 0
  let on = 0
  for (let i = 0; i < size; i++) {
    on += a[i * size + i]! ** 2
    for (let j = i + 1; j < size; j++) off += a[i * size + j]! ** 2
  }
  return off <= DIAGONAL * on
}

/** Turns rows and columns p and q so that their common element vanishes; `v` keeps the turned axes as rows. */
function rotate(a: Float64Array, v: Float64Array, size: number, p: number, q: number): void {
  const apq = a[p * size + q]!
  if (apq === 0) return
  const theta = (a[q * size + q]! - a[p * size + p]!) / (2 * apq)
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const cos = 1 / Math.sqrt(t * t + 1)
  const sin = t * cos
  for (let i = 0; i < size; i++) turn(a, i * size + p, i * size + q, cos, sin)
  for (let i = 0; i < size; i++) turn(a, p * size + i, q * size + i, cos, sin)
  for (let i = 0; i < size; i++) turn(v, p * size + i, q * size + i, cos, sin)
}

function turn(array: Float64Array, x: number, y: number, cos: number, sin: number): void {
  const left = array[x]!
  const right = array[y]!
  array[x] = cos * left - sin * right
  array[y] = sin * left + cos * right
}

/** An eigenvector's sign is free: the largest component is made positive. */
function writeUpright(vector: Float64Array, out: Float64Array, at: number): void {
  let largest = 0
  for (const value of vector) if (Math.abs(value) > Math.abs(largest)) largest = value
  const sign = largest < 0 ? -1 : 1
  for (let i = 0; i < vector.length; i++) out[at + i] = sign * vector[i]!
}
