import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isInSeconds, unitHint } from '../../src/core/time-unit.ts'

const NOW = Date.parse('2026-03-01T00:00:00Z')

test.each([
  [1_772_323_200, 'looks like epoch seconds: 1772323200 would be 2026-03-01T00:00:00.000Z'],
  [1_772_323_200.25, 'looks like epoch seconds: 1772323200.25 would be 2026-03-01T00:00:00.250Z'],
  ['1772323200', 'looks like epoch seconds: 1772323200 would be 2026-03-01T00:00:00.000Z'],
  [NOW * 1000, 'looks like epoch microseconds: 1772323200000000 would be 2026-03-01T00:00:00.000Z'],
  [NOW * 1_000_000, 'looks like epoch nanoseconds: 1772323200000000000 would be 2026-03-01T00:00:00.000Z'],
])('%s %s', (value, hint) => {
  expect(unitHint(value, NOW)).toBe(hint)
  expect(unitHint(value, null)).toBe(hint)
})

test('what is a time in milliseconds, of whatever year, or no time at all gets no hint', () => {
  for (const value of [NOW, NOW + 3_600_000, 0, 12, -1, Number.NaN, null, {}, 'noon', '', true, 2 ** 70]) {
    expect(unitHint(value, NOW)).toBeNull()
  }
})

test('a time in seconds is told from one in milliseconds as far as five years around now', () => {
  const years = fc.integer({ min: -4.9 * 31_557_600, max: 4.9 * 31_557_600 })
  fc.assert(
    fc.property(years, (seconds) => {
      expect(isInSeconds(NOW / 1000 + seconds, NOW)).toBe(true)
      expect(isInSeconds(NOW + seconds * 1000, NOW)).toBe(false)
    }),
  )
})

test('a log whose own clock is in 1970, as in tests and simulations, has no seconds', () => {
  fc.assert(
    fc.property(fc.nat(1e9), fc.nat(1e9), (ts, now) => {
      expect(isInSeconds(ts, now)).toBe(false)
    }),
  )
})
