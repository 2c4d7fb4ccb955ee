import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addValue,
  MOMENT_SLOTS,
  STATISTICS,
  type Statistic,
  writeStatistics,
} from '../../src/core/moments.ts'

interface GoldenCase {
  name: string
  values: number[]
  seconds: number[]
  expected: Record<Statistic, number>
}

const golden = JSON.parse(readFileSync(new URL('golden/moments.json', import.meta.url), 'utf8')) as {
  cases: GoldenCase[]
}

function statistics(values: readonly number[], seconds: readonly number[]): Record<Statistic, number> {
  const acc = new Float64Array(MOMENT_SLOTS * 2)
  values.forEach((value, i) => {
    addValue(acc, MOMENT_SLOTS, value, seconds[i]!)
  })
  const out = new Float64Array(STATISTICS.length)
  writeStatistics(acc, MOMENT_SLOTS, out, 0)
  return Object.fromEntries(STATISTICS.map((name, i) => [name, out[i]])) as Record<Statistic, number>
}

describe('statistics agree with SciPy', () => {
  test.each(golden.cases)('$name', ({ values, seconds, expected }) => {
    const ours = statistics(values, seconds)
    for (const name of STATISTICS) {
      const tolerance = 1e-9 * Math.max(1, Math.abs(expected[name]))
      expect(
        Math.abs(ours[name] - expected[name]),
        `${name}: ${ours[name]} ≠ ${expected[name]}`,
      ).toBeLessThanOrEqual(tolerance)
    }
  })
})

const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 60 })

test('no value gives NaN throughout', () => {
  expect(Object.values(statistics([], [])).every(Number.isNaN)).toBe(true)
})

test('a shift moves mean, min and max alone', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 40 }),
      (numbers) => {
        const seconds = numbers.map((_, i) => i)
        const plain = statistics(numbers, seconds)
        const far = statistics(
          numbers.map((value) => value + 1e9),
          seconds,
        )
        expect(far.mean).toBeCloseTo(plain.mean + 1e9, 5)
        expect(far.min).toBe(plain.min + 1e9)
        for (const name of ['std', 'skewness', 'kurtosis', 'slope'] as const) {
          expect(far[name]).toBeCloseTo(plain[name], 9)
        }
      },
    ),
  )
})

test('bounds hold: min ≤ mean ≤ max, std ≥ 0, rms ≥ |mean|, kurtosis ≥ skewness² − 2', () => {
  fc.assert(
    fc.property(values, (numbers) => {
      const { mean, std, min, max, rms, skewness, kurtosis } = statistics(
        numbers,
        numbers.map((_, i) => i / 10),
      )
      const slack = 1e-9 * Math.max(1, Math.abs(min), Math.abs(max))
      expect(mean).toBeGreaterThanOrEqual(min - slack)
      expect(mean).toBeLessThanOrEqual(max + slack)
      expect(std).toBeGreaterThanOrEqual(0)
      expect(rms).toBeGreaterThanOrEqual(Math.abs(mean) - slack)
      // Below 1e-60 the fourth power of a deviation is no double any more.
      if (std > 1e-6 * (max - min) && std > 1e-60) {
        expect(kurtosis).toBeGreaterThanOrEqual(skewness * skewness - 2 - 1e-6)
      }
    }),
  )
})

test('values whose powers underflow give numbers or missing, never Infinity', () => {
  const tiny = statistics([1e-162, 3e-162, 2e-162], [0, 1, 2])
  expect(tiny.mean).toBeCloseTo(2e-162, 170)
  for (const value of Object.values(tiny)) expect(Math.abs(value)).not.toBe(Number.POSITIVE_INFINITY)
})

test('huge values overflow to missing, never to Infinity', () => {
  const huge = statistics([1e308, -1e308, 1e308], [0, 1, 2])
  for (const value of Object.values(huge)) expect(Number.isFinite(value) || Number.isNaN(value)).toBe(true)
})
