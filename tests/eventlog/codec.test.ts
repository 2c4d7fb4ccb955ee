/** The bytes of a stored batch. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EMPTY_HEADERS, type LogRecord } from '../../src/core/ports.ts'
import { batchHead, decodeBatch, encodeBatch, storedBytesAtMost } from '../../src/eventlog/codec.ts'

const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 90 }), fc.string({ maxLength: 300 }))
const anyRecord = fc.record({
  key: fc.option(anyText, { nil: null }),
  value: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null }),
  headers: fc.oneof(
    fc.constant(EMPTY_HEADERS),
    fc.dictionary(anyText, anyText, { maxKeys: 3, noNullPrototype: true }),
  ),
})
const anyBatch = fc.array(anyRecord, { minLength: 1, maxLength: 40 })

function decoded(bytes: Buffer, from = 0, to = Number.MAX_SAFE_INTEGER, limit = 1e9): LogRecord[] {
  const records: LogRecord[] = []
  expect(decodeBatch(bytes, from, to, limit, records)).toBe(records.length)
  return records.map(({ offset, timestamp, key, value, headers }) => ({
    offset,
    timestamp,
    key,
    value,
    headers,
  }))
}

test('what is encoded is decoded, and the size that was foreseen is never exceeded', () => {
  fc.assert(
    fc.property(anyBatch, fc.nat({ max: 2 ** 48 }), fc.nat({ max: 4e12 }), (batch, base, timestamp) => {
      const bytes = encodeBatch(batch, base, timestamp)
      expect(batchHead(bytes)).toEqual({ base, count: batch.length, timestamp })
      const wanted = batch.map(({ key, value, headers }, index) => ({
        offset: base + index,
        timestamp,
        key,
        value,
        headers,
      }))
      expect(decoded(bytes)).toEqual(wanted)
      expect(bytes.length).toBeLessThanOrEqual(
        24 + batch.reduce((sum, record) => sum + storedBytesAtMost(record), 0),
      )
    }),
    { numRuns: 500 },
  )
})

test('a part of a batch is what a slice of the whole would be', () => {
  const offsets = fc.integer({ min: 0, max: 60 })
  fc.assert(
    fc.property(anyBatch, offsets, offsets, offsets, (batch, from, to, limit) => {
      const bytes = encodeBatch(batch, 10, 0)
      const wanted = decoded(bytes).filter(({ offset }) => offset >= from && offset < to)
      expect(decoded(bytes, from, to, limit)).toEqual(wanted.slice(0, limit))
    }),
    { numRuns: 500 },
  )
})

test('large batches and values take their room and give it back', () => {
  const value = Buffer.alloc(6 * 1024 * 1024, 1)
  const [record] = decoded(encodeBatch([{ key: 'k', value }], 0, 0))
  expect(Buffer.compare(record!.value!, value)).toBe(0)
  expect(decoded(encodeBatch([{ key: 'small', value: null }], 7, 0))).toMatchObject([
    { key: 'small', offset: 7 },
  ])
})

test('headers may have any name', () => {
  const headers = Object.fromEntries(['__proto__', 'toString', 'constructor', ''].map((name) => [name, name]))
  const [record] = decoded(encodeBatch([{ key: null, value: null, headers }], 0, 0))
  expect(Object.entries(record!.headers)).toEqual(Object.entries(headers))
})

test('records without headers share the empty ones', () => {
  const bytes = encodeBatch(
    [
      { key: null, value: null },
      { key: null, value: null, headers: { a: 'b' } },
    ],
    0,
    0,
  )
  const [bare, other] = decoded(bytes)
  expect(bare!.headers).toBe(EMPTY_HEADERS)
  expect(other!.headers).toEqual({ a: 'b' })
})

test('a batch of a newer format is refused with what to do', () => {
  const bytes = encodeBatch([{ key: 'k', value: null }], 0, 0)
  bytes[0] = 2
  expect(() => decoded(bytes)).toThrow(
    expect.objectContaining({ code: 'log-version', message: expect.stringContaining('newer program') }),
  )
})
