import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  accuracyOf,
  balancedAccuracyOf,
  confusion,
  correlationOf,
  curve,
  f1Of,
  falseAlarmRateOf,
  prAuc,
  precisionOf,
  recallOf,
  rocAuc,
} from '../../src/training/metrics.ts'
import { type GoldenCase, goldenCases } from './golden/vectors.ts'

const within = (found: number, expected: number) =>
  expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-9)

describe('metrics', () => {
  it.each(goldenCases.map((vector): [string, GoldenCase] => [vector.name, vector]))(
    "of '%s' are scikit-learn's",
    (_, { scores, positive, above, ...expected }) => {
      const cells = confusion(scores, positive, above)
      const { trueNegative, falsePositive, falseNegative, truePositive } = cells
      expect([
        [trueNegative, falsePositive],
        [falseNegative, truePositive],
      ]).toEqual(expected.confusion)
      within(accuracyOf(cells), expected.accuracy)
      within(balancedAccuracyOf(cells), expected.balancedAccuracy)
      within(correlationOf(cells), expected.correlation)
      within(precisionOf(cells), expected.precision)
      within(recallOf(cells), expected.recall)
      within(f1Of(cells), expected.f1)
      const points = curve(scores, positive)
      within(prAuc(points), expected.prAuc)
      within(rocAuc(points), expected.rocAuc)
    },
  )

  it('have a point for each distinct score, and count every row', () => {
    const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.boolean()), {
      minLength: 1,
      maxLength: 60,
    })
    fc.assert(
      fc.property(rows, (pairs) => {
        const scores = pairs.map(([score]) => score)
        const positive = pairs.map(([, yes]) => (yes ? 1 : 0))
        const { score, truePositive, falsePositive } = curve(scores, positive)
        expect([...score]).toEqual([...new Set(scores)].sort((a, b) => b - a))
        score.forEach((limit, i) => {
          const reaching = pairs.filter(([value]) => value >= limit)
          expect(truePositive[i]).toBe(reaching.filter(([, yes]) => yes).length)
          expect(falsePositive[i]).toBe(reaching.filter(([, yes]) => !yes).length)
        })
      }),
    )
  })

  it('of one class alone are those of that class', () => {
    expect(balancedAccuracyOf(confusion([0.1, 0.9], [0, 0], 0.5))).toBe(0.5)
    expect(balancedAccuracyOf(confusion([0.1, 0.9, 0.8, 0.7], [1, 1, 1, 1], 0.5))).toBe(0.75)
  })

  it('are 0 where there is nothing to measure', () => {
    const none = curve([], [])
    expect([prAuc(none), rocAuc(none)]).toEqual([0, 0])
    const empty = confusion([], [], 0.5)
    const all = [accuracyOf, precisionOf, recallOf, f1Of, falseAlarmRateOf, correlationOf]
    expect(all.map((of) => of(empty))).toEqual([0, 0, 0, 0, 0, 0])
  })
})
