import fc from 'fast-check'
import Type from 'typebox'
import { expect, it } from 'vitest'
import { isFailure } from '../../src/core/errors.ts'
import { decodeCursor, encodeCursor, takePage } from '../../src/http/page.ts'

const Key = Type.Tuple([Type.Number(), Type.String()])

it('gives back the key of a cursor', () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ unit: 'grapheme' }),
      (number, text) => {
        const key = decodeCursor(Key, encodeCursor([number, text]))
        expect(key?.[0] === number || (key?.[0] === 0 && number === 0)).toBe(true)
        expect(key?.[1]).toBe(text)
      },
    ),
  )
})

it('refuses anything else by saying so, and never throws another error', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.base64String(),
        fc.json().map((text) => Buffer.from(text).toString('base64url')),
      ),
      (cursor) => {
        try {
          const key = decodeCursor(Key, cursor)
          expect(key).toHaveLength(2)
        } catch (error) {
          expect(isFailure(error, 'input')).toBe(true)
        }
      },
    ),
  )
  expect(decodeCursor(Key, undefined)).toBe(null)
})

it('walks a list page by page, each item once', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat()), fc.integer({ min: 1, max: 10 }), (list, limit) => {
      const sorted = [...list].sort((a, b) => a - b)
      const seen: number[] = []
      let after = -1
      for (;;) {
        const page = takePage(
          sorted.filter((n) => n > after),
          limit,
          (n) => [n, ''],
        )
        expect(page.items.length).toBeLessThanOrEqual(limit)
        seen.push(...page.items)
        if (page.next === null) break
        after = decodeCursor(Key, page.next)?.[0] ?? Number.NaN
      }
      expect(seen).toEqual(sorted)
    }),
  )
})
