import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { describe, expect, test } from 'vitest'
import {
  contributionsOf,
  type Explanation,
  explainedFeatures,
  MOST_CONTRIBUTIONS,
  MOST_REASONS,
  reasonsOf,
} from '../../src/core/contributions.ts'
import { Contribution, Reason } from '../../src/core/records.ts'

const isReason = Compile(Reason)
const isContribution = Compile(Contribution)

function explanation(parts: Record<string, readonly [value: number, share: number]>): Explanation {
  return {
    features: explainedFeatures(Object.keys(parts)),
    values: Float64Array.from(Object.values(parts), ([value]) => value),
    shares: Float64Array.from(Object.values(parts), ([, share]) => share),
  }
}

const unknown = () => null

/** Explanations of up to 100 features of up to 10 channels, shares that add up to 1. */
const explanations = fc
  .array(fc.tuple(fc.integer({ min: -1000, max: 1000 }), fc.boolean()), { minLength: 1, maxLength: 100 })
  .map((drawn): Explanation => {
    const parts = drawn.map(([part]) => part)
    const total = parts.reduce((sum, part) => sum + part, 0)
    return {
      features: explainedFeatures(parts.map((_, i) => `channel.${i % 10}.feature${i}`)),
      values: Float64Array.from(drawn, ([part, missing]) => (missing ? Number.NaN : part)),
      shares: Float64Array.from(parts, (part) => (Math.abs(total) < 100 ? 0 : part / total)),
    }
  })

test('a feature is told by channel and statistic, whatever dots a channel has', () => {
  expect(explainedFeatures(['vibration.rms', 'line.4.flow.mean', 'age', '.x'])).toEqual([
    { channel: 'vibration', feature: 'rms' },
    { channel: 'line.4.flow', feature: 'mean' },
    { channel: 'age', feature: 'value' },
    { channel: '.x', feature: 'value' },
  ])
})

describe('contributions', () => {
  test('are listed by weight, what speaks against too; 0 is left out', () => {
    const told = explanation({
      'a.mean': [1, 0.3],
      'a.std': [1, -0.4],
      'b.mean': [1, 1.1],
      'b.std': [1, 0.00001],
    })
    expect(contributionsOf(told)).toEqual({
      listed: [
        { channel: 'b', feature: 'mean', share: 1.1 },
        { channel: 'a', feature: 'std', share: -0.4 },
        { channel: 'a', feature: 'mean', share: 0.3 },
      ],
      rest: null,
    })
  })

  test('add up to 1 with the rest, of which more than the most are told as a sum', () => {
    fc.assert(
      fc.property(explanations, (told) => {
        const { listed, rest } = contributionsOf(told)
        const sum = listed.reduce((total, { share }) => total + share, rest ?? 0)
        const expected = told.shares.some((share) => share !== 0) ? 1 : 0
        expect(Math.abs(sum - expected)).toBeLessThanOrEqual(told.shares.length * 0.5e-4 + 1e-4)
        expect(listed.length).toBeLessThanOrEqual(MOST_CONTRIBUTIONS)
        expect(listed.every((contribution) => isContribution.Check(contribution))).toBe(true)
        const weights = listed.map(({ share }) => Math.abs(share))
        expect(weights).toEqual([...weights].sort((a, b) => b - a))
      }),
    )
  })
})

describe('reasons', () => {
  test("are channels with their features' shares put together, told by the one that adds most", () => {
    const told = explanation({
      'vibration.mean': [4.1234567, 0.2],
      'vibration.max': [9, 0.5],
      'flow.mean': [30, -0.3],
      'temperature.mean': [70, 0.4],
      'temperature.std': [3, -0.1],
    })
    const normals: Record<string, number> = { 'vibration max': 2.3456789 }
    expect(reasonsOf(told, (channel, feature) => normals[`${channel} ${feature}`] ?? null)).toEqual([
      { channel: 'vibration', feature: 'max', value: 9, normal: 2.34568, share: 0.7 },
      { channel: 'temperature', feature: 'mean', value: 70, normal: null, share: 0.3 },
    ])
  })

  test('pass over what was not measured', () => {
    const told = explanation({
      'a.mean': [Number.NaN, 0.5],
      'a.max': [7, 0.1],
      'b.mean': [Number.NaN, 0.4],
    })
    expect(reasonsOf(told, unknown)).toEqual([
      { channel: 'a', feature: 'max', value: 7, normal: null, share: 1 },
    ])
  })

  test('are few, the leading one first, and their shares are shares of a whole', () => {
    fc.assert(
      fc.property(explanations, (told) => {
        const reasons = reasonsOf(told, unknown)
        expect(reasons.length).toBeLessThanOrEqual(MOST_REASONS)
        expect(reasons.every((reason) => isReason.Check(reason))).toBe(true)
        expect(new Set(reasons.map(({ channel }) => channel)).size).toBe(reasons.length)
        const shares = reasons.map(({ share }) => share)
        expect(shares).toEqual([...shares].sort((a, b) => b - a))
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(1.001)
      }),
    )
  })

  test('are none where there is nothing to explain', () => {
    expect(reasonsOf(explanation({ 'a.mean': [1, 0], 'b.mean': [2, 0] }), unknown)).toEqual([])
  })
})
