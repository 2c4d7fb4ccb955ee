import fc from 'fast-check'
import { expect, it } from 'vitest'
import { CLOSED_BY, type Score } from '../../src/core/records.ts'
import { addScore, makeModelNames, makeScoreSeries, scoreAt, trendOf } from '../../src/http/score-series.ts'

const sixDecimals = fc.integer({ min: 0, max: 1_000_000 }).map((n) => n / 1e6)
const scores: fc.Arbitrary<Score> = fc.record(
  {
    asset: fc.constant('a'),
    pipeline: fc.constant('p'),
    windowStart: fc.integer({ min: 0, max: 2e12 }),
    windowEnd: fc.integer({ min: 0, max: 2e12 }),
    count: fc.nat(1e6),
    score: sixDecimals,
    model: fc.constantFrom('m', 'n'),
    modelVersion: fc.constantFrom('1', '2', '3'),
    closed: fc.constantFrom(...CLOSED_BY),
    failureProbability: sixDecimals,
    anomaly: sixDecimals,
    contributions: fc.constantFrom([], [{ channel: 'vibration', feature: 'rms', share: 1.2 }]),
    contributionsRest: fc.constantFrom(-0.2, 0.1),
    resting: fc.constant(true as const),
  },
  {
    requiredKeys: [
      'asset',
      'pipeline',
      'windowStart',
      'windowEnd',
      'count',
      'score',
      'model',
      'modelVersion',
      'closed',
    ],
  },
)

/** Why a score is what it is remains known of the newest alone. */
function asKept(score: Score, i: number, all: readonly Score[]): Score {
  const { contributions, contributionsRest, ...plain } = score
  return i < all.length - 1 || contributions === undefined ? plain : score
}

it('gives back the last scores just as they went in, within its limit', () => {
  fc.assert(
    fc.property(fc.array(scores, { maxLength: 200 }), fc.integer({ min: 16, max: 100 }), (all, most) => {
      const models = makeModelNames()
      const budget = { left: 1_000_000 }
      const series = makeScoreSeries('p', budget)
      for (const score of all) addScore(series, score, models, most, budget)
      const kept = all.slice(-most).map(asKept)
      expect(series.length).toBe(kept.length)
      expect(kept.map((_, i) => scoreAt('a', series, kept.length - 1 - i, models))).toEqual(kept)
      expect(trendOf(series, 10)).toEqual(kept.slice(-10).map(({ score }) => score))
      expect(scoreAt('a', series, kept.length, models)).toBe(null)
      expect(scoreAt('a', series, -1, models)).toBe(null)
    }),
  )
})

it('stops growing where the budget ends, and goes on with the newest', () => {
  fc.assert(
    fc.property(fc.integer({ min: 16, max: 400 }), fc.integer({ min: 1, max: 12 }), (points, assets) => {
      const models = makeModelNames()
      const budget = { left: points }
      const all = Array.from({ length: assets }, () => makeScoreSeries('p', budget))
      const score = fc.sample(scores, 1)[0]!
      for (let i = 0; i < 300; i++) {
        for (const series of all) addScore(series, { ...score, windowEnd: i }, models, 256, budget)
      }
      const held = all.reduce((sum, series) => sum + series.columns.score.length, 0)
      expect(held).toBeLessThanOrEqual(Math.max(points, 16 * assets))
      for (const series of all) expect(scoreAt('a', series, 0, models)?.windowEnd).toBe(299)
    }),
    { numRuns: 30 },
  )
})
