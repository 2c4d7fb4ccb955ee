/** The fit behind the laws of growth finds the law that made the rows. */
import { expect, test } from 'vitest'
import { fitLine } from '../../bench/line-fit.ts'

const SIZES = [
  [1, 6, 6],
  [1, 20, 20],
  [1, 60, 60],
  [1, 6, 66],
  [1, 20, 220],
]
const law = ([a, b, c]: readonly number[]) => 800 * a! + 200 * b! + 90 * c!

test('factors that made the rows are found again', () => {
  const { factors, farthest } = fitLine(SIZES, SIZES.map(law))
  for (const [i, factor] of [800, 200, 90].entries()) expect(factors[i]).toBeCloseTo(factor, 6)
  expect(farthest).toBeLessThan(1e-9)
})

test('what costs nothing gets 0, never less, and a row off the law is told', () => {
  const found = SIZES.map((row, i) => 800 + 90 * row[2]! - (i === 0 ? 400 : 0))
  const { factors, farthest } = fitLine(SIZES, found)
  for (const factor of factors) expect(factor).toBeGreaterThanOrEqual(0)
  expect(farthest).toBeGreaterThan(0.05)
})
