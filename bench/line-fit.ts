/**
 * Least squares with no negative factor, for the laws of growth: every row weighs the same whatever its size (relative
 * errors), since the rows differ by orders of magnitude.
 */

export interface Fit {
  readonly factors: readonly number[]
  /** Greatest relative error of a row. */
  readonly farthest: number
}

/**
 * @param inputs per row the quantities that the figure may depend on
 * @param found the figure of each row, above 0
 */
export function fitLine(inputs: readonly (readonly number[])[], found: readonly number[]): Fit {
  const rows = inputs.map((row, i) => row.map((value) => value / found[i]!))
  let active = rows[0]!.map((_, i) => i)
  for (;;) {
    const solved = solve(normalMatrix(rows, active))
    if (solved.every((factor) => factor >= 0) || active.length === 1) {
      const factors = rows[0]!.map((_, i) => Math.max(0, solved[active.indexOf(i)] ?? 0))
      return { factors, farthest: Math.max(...rows.map((row) => Math.abs(dot(row, factors) - 1))) }
    }
    // What would cost less than nothing is noise: it is left out, and the rest fitted anew.
    const least = active[solved.indexOf(Math.min(...solved))]
    active = active.filter((i) => i !== least)
  }
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0)
}

/** Normal equations of `row · factors = 1`, the right side as the last column. */
function normalMatrix(rows: readonly (readonly number[])[], active: readonly number[]): number[][] {
  return active.map((i) => [
    ...active.map((j) => rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0)),
    rows.reduce((sum, row) => sum + row[i]!, 0),
  ])
}

/** Gauss with pivots; a column that tells nothing gets the factor 0. */
function solve(matrix: number[][]): number[] {
  const size = matrix.length
  for (let at = 0; at < size; at++) {
    const pivot = matrix.reduce(
      (best, row, i) => (i > at && Math.abs(row[at]!) > Math.abs(matrix[best]![at]!) ? i : best),
      at,
    )
    ;[matrix[at], matrix[pivot]] = [matrix[pivot]!, matrix[at]!]
    const lead = matrix[at]!
    if (lead[at] === 0) continue
    for (const row of matrix) {
      if (row === lead) continue
      const times = row[at]! / lead[at]!
      for (let k = at; k <= size; k++) row[k]! -= times * lead[k]!
    }
  }
  return matrix.map((row, i) => (row[i] === 0 ? 0 : row[size]! / row[i]!))
}
