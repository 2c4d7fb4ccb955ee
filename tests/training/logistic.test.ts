import { describe, expect, it } from 'vitest'
import { fitLogistic, logisticScores } from '../../src/training/logistic.ts'
import { curve, prAuc } from '../../src/training/metrics.ts'
import { goldenRegressions } from './golden/vectors.ts'

describe('a logistic regression', () => {
  it.each(goldenRegressions.map((vector) => [vector.name, vector] as const))(
    "%s has scikit-learn's coefficients",
    (_, { inputs, width, positive, c, weights, bias }) => {
      const fitted = fitLogistic(inputs, positive, width, { c })
      weights.forEach((weight, i) => {
        expect(fitted.weights[i]).toBeCloseTo(weight, 8)
      })
      expect(fitted.bias).toBeCloseTo(bias, 8)
    },
  )

  it('stays finite where a line parts the classes, and ranks them', () => {
    const inputs = [-3, -2, -1, 1, 2, 3]
    const positive = [0, 0, 0, 1, 1, 1]
    const scores = logisticScores(fitLogistic(inputs, positive, 1, { c: 1e6 }), inputs, 6)
    expect(prAuc(curve(scores, positive))).toBe(1)
    expect([...scores].every((score) => score >= 0 && score <= 1)).toBe(true)
  })

  it('refuses windows of one class', () => {
    expect(() => fitLogistic([1, 2], [1, 1], 1, { c: 1 })).toThrow(/both classes/)
  })
})
