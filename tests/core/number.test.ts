import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readNumber } from '../../src/core/number.ts'
import { numberText } from '../support/reading-text.ts'

const encoder = new TextEncoder()
const out = new Float64Array(2)

/** The value, and the index behind it. */
function read(text: string, at = 0): { readonly value: number; readonly end: number } {
  const end = readNumber(encoder.encode(text), at, out, 1)
  return { value: out[1]!, end }
}

test('what is read equals JSON.parse bit by bit, and ends where the number ends', () => {
  fc.assert(
    fc.property(numberText, fc.constantFrom(',', '}', ' ', ''), (text, behind) => {
      const { value, end } = read(`${text}${behind}`)
      if (end < 0) return
      expect(end).toBe(text.length)
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
  const { value, end } = read(`[${text}]`, 1)
  expect(end).toBe(text.length + 1)
  expect(Object.is(value, JSON.parse(text))).toBe(true)
})

test('null is NaN', () => {
  expect(read('null,')).toEqual({ value: Number.NaN, end: 4 })
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
  expect(read(text).end).toBe(-1)
})

test('it never reads what JSON.parse rejects', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789-+.eEnul '), maxLength: 8 }), (text) => {
      const { end } = read(text)
      if (end < 0) return
      expect(() => JSON.parse(text.slice(0, end))).not.toThrow()
    }),
    { numRuns: 3000 },
  )
})
