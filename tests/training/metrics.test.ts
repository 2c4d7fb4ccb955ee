import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { confusion, curve, f1Of, prAuc, precisionOf, recallOf, rocAuc } from '../../src/training/metrics.ts'

interface Golden {
  readonly name: string
  readonly scores: number[]
  readonly positive: number[]
  readonly above: number
  readonly precision: number
  readonly recall: number
  readonly f1: number
  readonly prAuc: number
  readonly rocAuc: number
}

/** Made by `golden/metrics.py` with scikit-learn. */
const golden: { readonly cases: readonly Golden[] } = JSON.parse(
  readFileSync(new URL('golden/metrics.json', import.meta.url), 'utf8'),
)

describe('metrics', () => {
  it.each(golden.cases.map((vector) => [vector.name, vector] as const))(
    "of '%s' are scikit-learn's",
    (_, { scores, positive, above, ...expected }) => {
      const cells = confusion(scores, positive, above)
      const points = curve(scores, positive)
      expect(precisionOf(cells)).toBeCloseTo(expected.precision, 12)
      expect(recallOf(cells)).toBeCloseTo(expected.recall, 12)
      expect(f1Of(cells)).toBeCloseTo(expected.f1, 12)
      expect(prAuc(points)).toBeCloseTo(expected.prAuc, 12)
      expect(rocAuc(points)).toBeCloseTo(expected.rocAuc, 12)
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

  it('are 0 where there is nothing to measure', () => {
    const none = curve([], [])
    expect([prAuc(none), rocAuc(none)]).toEqual([0, 0])
    expect([precisionOf, recallOf, f1Of].map((of) => of(confusion([], [], 0.5)))).toEqual([0, 0, 0])
  })
})
