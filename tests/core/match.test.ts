import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assetPattern } from '../../src/core/match.ts'

test.each([
  ['*', 'anything', true],
  ['pump-07', 'pump-07', true],
  ['pump-07', 'pump-070', false],
  ['pump-*', 'pump-', true],
  ['pump-*', 'my-pump-1', false],
  ['*-07', 'pump-07', true],
  ['a*b*c', 'a-b-b-c', true],
  ['a*b*c', 'acb', false],
  ['pump.1*', 'pump-12', false],
  ['**', '', true],
])('%s on %s: %s', (pattern, asset, takes) => {
  expect(assetPattern(pattern)(asset)).toBe(takes)
})

test('every letter but the star stands for itself', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (before, after) => {
      fc.pre(!`${before}${after}`.includes('*') && !/[\n\r\u2028\u2029]/.test(before + after))
      expect(assetPattern(`${before}*${after}`)(`${before}x${after}`)).toBe(true)
    }),
  )
})
