import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf, pageOf } from '../../src/core/page.ts'
import { PagedRecord, spanOf } from '../../src/core/paged-record.ts'
import { EMPTY_HEADERS } from '../../src/core/ports.ts'

const text = fc.uint8Array({ maxLength: 20 })

test('a value on a page is the bytes between its ends, shared and not copied', () => {
  fc.assert(
    fc.property(text, text, text, (before, value, behind) => {
      // In the middle of a larger buffer, as what a socket brought is.
      const whole = Buffer.concat([Buffer.alloc(3), before, value, behind])
      const page = pageOf(whole.subarray(3))
      const end = before.length + value.length
      const record = new PagedRecord(7, 1, 'k', EMPTY_HEADERS, page, before.length, end)
      expect([...record.value!]).toEqual([...value])
      expect(record.value!.buffer).toBe(whole.buffer)
      expect([...bytesOf(spanOf(record))]).toEqual([...value])
    }),
  )
})

test('a record without a value has none, and an empty text', () => {
  const record = new PagedRecord(7, 1, null, EMPTY_HEADERS, pageOf(new Uint8Array(9)), -1, 4)
  expect(record.value).toBeNull()
  expect(bytesOf(spanOf(record))).toHaveLength(0)
})

test('a record from elsewhere has a page to itself', () => {
  const plain = { offset: 0, timestamp: 0, key: null, headers: EMPTY_HEADERS }
  expect([...bytesOf(spanOf({ ...plain, value: Uint8Array.of(1, 2) }))]).toEqual([1, 2])
  expect(bytesOf(spanOf({ ...plain, value: null }))).toHaveLength(0)
})
