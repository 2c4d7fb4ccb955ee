import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeShape, valuesHash } from '../../src/core/shape.ts'

const value = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer({ min: -100, max: 100 }),
  fc.constant(Number.NaN),
)
const channels = fc.uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 8 }), value), {
  selector: ([name]) => name,
  minLength: 1,
  maxLength: 6,
})

function hashOf(pairs: readonly (readonly [string, number])[]): number {
  const shape = makeShape(pairs.map(([name]) => name))
  return valuesHash(
    shape,
    Float64Array.from(pairs, ([, number]) => number),
  )
}

test('the order of channels does not matter', () => {
  fc.assert(
    fc.property(channels, fc.nat(), (pairs, turn) => {
      const cut = turn % pairs.length
      expect(hashOf([...pairs.slice(cut), ...pairs.slice(0, cut)])).toBe(hashOf(pairs))
    }),
  )
})

test('it is an integer of 52 bits', () => {
  fc.assert(
    fc.property(channels, (pairs) => {
      const hash = hashOf(pairs)
      expect(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 52).toBe(true)
    }),
  )
})

test('another value, name or sign is another hash', () => {
  fc.assert(
    fc.property(channels, fc.nat(), value, (pairs, pick, other) => {
      const at = pick % pairs.length
      const [name, old] = pairs[at]!
      fc.pre(!Object.is(old, other))
      const hash = hashOf(pairs)
      expect(hashOf(pairs.with(at, [name, other]))).not.toBe(hash)
      expect(hashOf(pairs.with(at, [`${name}'`, old]))).not.toBe(hash)
    }),
  )
})

test('swapped values are another hash', () => {
  expect(
    hashOf([
      ['a', 1],
      ['b', 2],
    ]),
  ).not.toBe(
    hashOf([
      ['a', 2],
      ['b', 1],
    ]),
  )
})

test('no two of a million values of one channel meet', () => {
  // If all 52 bits came from one stream of 32, chance alone would bring about 116 meetings.
  const shape = makeShape(['temperature'])
  const values = new Float64Array(1)
  const hashes = Float64Array.from({ length: 1_000_000 }, (_, i) => {
    values[0] = 20 + i / 10_000
    return valuesHash(shape, values)
  }).sort()
  expect(hashes.findIndex((hash, i) => hash === hashes[i + 1])).toBe(-1)
})
