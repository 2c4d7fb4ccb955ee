import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keyText } from '../../src/eventlog/key-text.ts'

const key = fc.oneof(
  fc.string({ maxLength: 80 }),
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  // Few of them, so that they come again, and long enough that some fall on the same place.
  fc.integer({ min: 0, max: 300_000 }).map((number) => `asset-${number}`),
)

test('a key is the text of its bytes, wherever they lie and however often it comes', () => {
  fc.assert(
    fc.property(fc.array(key, { minLength: 1, maxLength: 50 }), fc.nat({ max: 8 }), (keys, before) => {
      const parts = keys.map((text) => Buffer.from(text))
      const bytes = Buffer.concat([Buffer.alloc(before, '#'), ...parts])
      let at = before
      for (const [i, { length }] of parts.entries()) {
        expect(keyText(bytes, at, at + length)).toBe(parts[i]!.toString('utf8'))
        at += length
      }
    }),
    { numRuns: 300 },
  )
})

test('more keys than are kept are all told apart', () => {
  const keys = Array.from({ length: 200_000 }, (_, i) => `pump-${i}`)
  const bytes = Buffer.from(keys.join(''))
  let at = 0
  const read = keys.map(({ length }) => {
    at += length
    return keyText(bytes, at - length, at)
  })
  expect(read).toEqual(keys)
})
