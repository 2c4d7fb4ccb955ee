import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  brierScore,
  calibrationError,
  logLoss,
  quantile,
  reliability,
} from '../../src/training/reliability.ts'
import { type GoldenCase, goldenCases } from './golden/vectors.ts'

const near = (found: readonly number[], expected: readonly number[]) => {
  expect(found.length).toBe(expected.length)
  found.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(1e-9)
  })
}

describe('the reliability of scores', () => {
  it.each(goldenCases.map((vector): [string, GoldenCase] => [vector.name, vector]))(
    "of '%s' is scikit-learn's",
    (_, { scores, positive, brier, logLoss: loss, uniform, quantile: equal }) => {
      near([brierScore(scores, positive)], [brier])
      near([logLoss(scores, positive)], [loss])
      for (const [strategy, expected] of [
        ['uniform', uniform],
        ['quantile', equal],
      ] as const) {
        const bins = reliability(scores, positive, 10, strategy)
        near(
          bins.map(({ observed }) => observed),
          expected.observed,
        )
        near(
          bins.map(({ predicted }) => predicted),
          expected.predicted,
        )
      }
    },
  )

  it('bins hold every score once', () => {
    const scores = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 80 })
    fc.assert(
      fc.property(scores, fc.constantFrom('uniform', 'quantile'), (list, strategy) => {
        const bins = reliability(
          list,
          list.map((_, i) => i % 2),
          10,
          strategy,
        )
        expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(list.length)
        expect(calibrationError(bins)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('is the distance of what was predicted and what came, by counts', () => {
    const bins = reliability([0.95, 0.95, 0.95, 0.05], [1, 1, 0, 0], 10)
    expect(calibrationError(bins)).toBeCloseTo((3 * Math.abs(0.95 - 2 / 3) + 0.05) / 4, 12)
    expect(calibrationError([])).toBe(0)
    expect([brierScore([], []), logLoss([], [])]).toEqual([0, 0])
  })
})

describe('a quantile', () => {
  it('lies between the two nearest values', () => {
    expect([0, 0.25, 0.5, 0.9, 1].map((share) => quantile([1, 2, 4], share))).toEqual([1, 1.5, 2, 3.6, 4])
    expect(quantile([7], 0.3)).toBe(7)
    expect(quantile([], 0.5)).toBeNaN()
  })
})
