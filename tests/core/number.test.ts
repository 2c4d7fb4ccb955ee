import fc from 'fast-check'
import { expect, test } from 'vitest'
import { numberCursor, readNumber } from '../../src/core/number.ts'
import { numberText } from '../support/reading-text.ts'

const encoder = new TextEncoder()

test('what is read equals JSON.parse bit by bit, and ends where the number ends', () => {
  fc.assert(
    fc.property(numberText, fc.constantFrom(',', '}', ' ', ''), (text, behind) => {
      const value = readNumber(encoder.encode(`${text}${behind}`), 0)
      if (numberCursor.end < 0) return
      expect(numberCursor.end).toBe(text.length)
      expect(Object.is(value, JSON.parse(text))).toBe(true)
    }),
    { numRuns: 3000 },
  )
})

test.each([
  '0',
  '-0',
  '7',
  '-12.5',
  '0.1',
  '61.200',
  '123456789012345',
  '0.00000000000001',
  '1e5',
  '-1.5E-300',
  '1234567890123456',
])('%s is read without JSON.parse', (text) => {
  const value = readNumber(encoder.encode(`[${text}]`), 1)
  expect(numberCursor.end).toBe(text.length + 1)
  expect(Object.is(value, JSON.parse(text))).toBe(true)
})

test('null is NaN', () => {
  expect(readNumber(encoder.encode('null,'), 0)).toBeNaN()
  expect(numberCursor.end).toBe(4)
})

test.each([
  '',
  '-',
  '01',
  '1.',
  '.5',
  '+1',
  '1e',
  '1e400',
  'nul',
  'NaN',
  '-null',
  '--1',
  '1.e2',
  '9'.repeat(65),
])('"%s" is left to JSON.parse', (text) => {
  readNumber(encoder.encode(text), 0)
  expect(numberCursor.end).toBe(-1)
})

test('it never reads what JSON.parse rejects', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789-+.eEnul '), maxLength: 8 }), (text) => {
      readNumber(encoder.encode(text), 0)
      if (numberCursor.end < 0) return
      expect(() => JSON.parse(text.slice(0, numberCursor.end))).not.toThrow()
    }),
    { numRuns: 3000 },
  )
})
