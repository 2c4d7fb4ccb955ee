import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EARLIEST_MS, LATEST_MS, parseTime } from '../../src/core/time.ts'

test('epoch milliseconds within the calendar of RFC 3339 are taken as they are', () => {
  fc.assert(
    fc.property(fc.integer({ min: EARLIEST_MS, max: LATEST_MS }), (ms) => {
      expect(parseTime(ms)).toBe(ms)
      expect(new Date(ms).toISOString()).toMatch(/^\d{4}-/)
    }),
  )
})

test('text and number of the same time agree', () => {
  fc.assert(
    fc.property(fc.integer({ min: EARLIEST_MS, max: LATEST_MS }), (ms) => {
      const text = new Date(ms).toISOString()
      expect(parseTime(text)).toBe(ms)
      expect(parseTime(text.toLowerCase().replace('t', ' '))).toBe(ms)
    }),
  )
})

test.each([
  ['2024-02-29T10:00:00Z', Date.UTC(2024, 1, 29, 10)],
  ['2024-02-29T10:00:00+02:00', Date.UTC(2024, 1, 29, 8)],
  ['2024-02-29T10:00:00.123456789-00:30', Date.UTC(2024, 1, 29, 10, 30, 0, 123)],
])('%s', (text, ms) => {
  expect(parseTime(text)).toBe(ms)
})

test.each([
  '2023-02-29T10:00:00Z',
  '2024-04-31T10:00:00Z',
  '2024-13-01T00:00:00Z',
  '2024-01-01T25:00:00Z',
  '2024-01-01T00:00:61Z',
  '2024-01-01T00:00:00',
  '2024-01-01',
  '1700000000000',
  '0000-01-01T00:00:00+01:00',
  '9999-12-31T23:59:59Z',
  'yesterday',
  '',
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  8.64e15,
  1e300,
  EARLIEST_MS - 1,
  LATEST_MS + 1,
  null,
  undefined,
  true,
  [],
  {},
])('%j is no time', (value) => {
  expect(parseTime(value)).toBeNull()
})
