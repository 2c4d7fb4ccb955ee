/** Kafka's record batches: what we write kafkajs reads, and the other way round; whatever is damaged has a reason. */
import { createRequire } from 'node:module'
import { crc32c } from '@node-rs/crc32'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { NewRecord } from '../../src/core/ports.ts'
import { type Aborted, encodeBatch, type Writer } from '../../src/eventlog/kafka-batch.ts'
import { recordBytes } from '../../src/eventlog/kafka-record.ts'
import { decodeBatches } from '../support/decode-batches.ts'
import { text } from './harness.ts'

const require = createRequire(import.meta.url)

interface TheirRecord {
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Record<string, Buffer>
}

const Decoder: new (bytes: Buffer) => object = require('kafkajs/src/protocol/decoder.js')
const theirDecode: (decoder: object) => Promise<{
  records: TheirRecord[]
  producerId: string
}> = require('kafkajs/src/protocol/recordBatch/v0/decoder.js')
const theirRecord: (record: object) => object = require('kafkajs/src/protocol/recordBatch/record/v0/index.js')
const {
  RecordBatch: theirBatch,
}: {
  RecordBatch(batch: object): Promise<{ buffer: Buffer }>
} = require('kafkajs/src/protocol/recordBatch/v0/index.js')

const WRITER: Writer = { producerId: 4_000_000_000_000n, producerEpoch: 7, transactional: false }
const NOW_MS = 1_700_000_000_123

const anyText = fc.string({ unit: 'binary', maxLength: 90 })
const anyRecord: fc.Arbitrary<NewRecord> = fc.record({
  topic: fc.constant('t'),
  key: fc.option(anyText, { nil: null }),
  value: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null }),
  headers: fc.dictionary(anyText, anyText, { maxKeys: 3, noNullPrototype: true }),
})
const records = fc.array(anyRecord, { minLength: 1, maxLength: 200 })
const compression = fc.constantFrom('none' as const, 'gzip' as const)

const encode = (all: readonly NewRecord[], more: Partial<Parameters<typeof encodeBatch>[1]> = {}) =>
  encodeBatch(all, { writer: WRITER, sequence: 5, timestamp: NOW_MS, compression: 'none', ...more })

/** A batch as the broker keeps it: at an offset, with this many offsets. */
function placed(batch: Buffer, base: number, lastDelta?: number): Buffer {
  const copy = Buffer.from(batch)
  copy.writeBigInt64BE(BigInt(base), 0)
  if (lastDelta !== undefined) copy.writeInt32BE(lastDelta, 23)
  copy.writeUInt32BE(crc32c(copy.subarray(21)), 17)
  return copy
}

const plain = (all: readonly NewRecord[]) =>
  all.map(({ key, value, headers }) => ({
    key,
    value: value === null ? null : [...value],
    headers: { ...headers },
  }))

describe('round trips', () => {
  test('what we write we read, at the offsets where it was placed', () => {
    fc.assert(
      fc.property(records, compression, fc.nat(2 ** 40), (all, kind, base) => {
        const batch = placed(encode(all, { compression: kind }), base)
        const { records: found, nextOffset } = decodeBatches(batch, base, [])
        expect(plain(found.map(({ key, value, headers }) => ({ topic: 't', key, value, headers })))).toEqual(
          plain(all),
        )
        expect(found.map(({ offset }) => offset)).toEqual(all.map((_, i) => base + i))
        expect(found.every(({ timestamp }) => timestamp === NOW_MS)).toBe(true)
        expect(nextOffset).toBe(base + all.length)
        const bytes = all.reduce((sum, record, index) => sum + recordBytes(record, index), 61)
        if (kind === 'none') expect(batch.length).toBe(bytes)
        else expect(batch.length).toBeLessThanOrEqual(bytes)
      }),
      { numRuns: 300 },
    )
  })

  test('headers may have any name', () => {
    const headers = Object.fromEntries(
      ['__proto__', 'toString', 'constructor', ''].map((name) => [name, name]),
    )
    const { records: found } = decodeBatches(encode([{ topic: 't', key: null, value: null, headers }]), 0, [])
    expect(Object.entries(found[0]!.headers)).toEqual(Object.entries(headers))
  })

  test('what we write kafkajs reads', async () => {
    // It gathers headers in a plain object, where `toString` is there before it comes.
    const readable = records.filter((all) =>
      all.every(({ headers }) => Object.keys(headers ?? {}).every((name) => !(name in Object.prototype))),
    )
    await fc.assert(
      fc.asyncProperty(readable, compression, async (all, kind) => {
        const { records: found, producerId } = await theirDecode(
          new Decoder(encode(all, { compression: kind })),
        )
        expect(producerId).toBe('4000000000000')
        expect(
          found.map(({ key, value, headers }) => [
            key?.toString() ?? null,
            value && [...value],
            Object.entries(headers).map(([name, text]) => [name, text.toString()]),
          ]),
        ).toEqual(
          all.map(({ key, value, headers }) => [key, value && [...value], Object.entries(headers ?? {})]),
        )
        expect(found.map(({ timestamp }) => timestamp)).toEqual(all.map(() => `${NOW_MS}`))
      }),
      { numRuns: 200 },
    )
  })

  test('what kafkajs writes we read, timestamps of their own among it', async () => {
    const late = [0, 17, -4, 1e7]
    const theirs = await theirBatch({
      compression: 1,
      records: late.map((delta, i) =>
        theirRecord({
          key: `k${i}`,
          value: `v${i}`,
          headers: { h: 'x' },
          offsetDelta: i,
          timestampDelta: delta,
        }),
      ),
      firstTimestamp: NOW_MS,
      maxTimestamp: NOW_MS + 1e7,
      producerId: '-1',
      producerEpoch: 0,
      firstSequence: 0,
      lastOffsetDelta: late.length - 1,
    })
    const { records: found } = decodeBatches(theirs.buffer, 0, [])
    expect(found.map(({ timestamp }) => timestamp - NOW_MS)).toEqual(late)
    expect(found.map(({ key }) => key)).toEqual(['k0', 'k1', 'k2', 'k3'])
    expect(found[0]!.headers).toEqual({ h: 'x' })
  })
})

const some = (count: number, prefix = 'v'): NewRecord[] =>
  Array.from({ length: count }, (_, i) => ({ topic: 't', key: 'k', value: Buffer.from(`${prefix}${i}`) }))

/** A marker that ends a transaction: a control batch with one record of u16 version and u16 type. */
function marker(producerId: bigint, type: 0 | 1, base: number): Buffer {
  const batch = encode([{ topic: 't', key: '\0\0\0\0', value: Buffer.alloc(6) }], {
    writer: { producerId, producerEpoch: 0, transactional: true },
  })
  const key = batch.indexOf('\0\0\0\0', 61)
  batch.writeInt16BE(type, key + 2)
  batch.writeInt16BE(0x30, 21)
  return placed(batch, base)
}

describe('what a fetch brings', () => {
  test('an offset in the middle of a batch, holes, empty batches, and a batch that is cut off', () => {
    const holey = placed(encode(some(2)), 10, 8)
    const empty = placed(encode(some(1)), 19, 5)
    // Compaction has removed all its records and kept it for its producer.
    empty.writeInt32BE(0, 57)
    const hollow = placed(empty.subarray(0, 61), 19, 5)
    hollow.writeInt32BE(61 - 12, 8)
    const last = placed(encode(some(3, 'w')), 25)
    const bytes = Buffer.concat([holey, placed(hollow, 19, 5), last, last.subarray(0, 40)])
    const { records: found, nextOffset } = decodeBatches(bytes, 11, [])
    expect(found.map(({ offset, value }) => `${offset}=${text(value)}`)).toEqual([
      '11=v1',
      '25=w0',
      '26=w1',
      '27=w2',
    ])
    expect(nextOffset).toBe(28)
    expect(decodeBatches(Buffer.concat([placed(hollow, 19, 5)]), 20, [])).toEqual({
      records: [],
      nextOffset: 25,
    })
  })

  test('aborted transactions are left out, those beside and after them are not', () => {
    const by = (producerId: bigint, transactional = true) => ({
      writer: { producerId, producerEpoch: 0, transactional },
    })
    const bytes = Buffer.concat([
      placed(encode(some(2, 'a'), by(1n)), 0),
      placed(encode(some(2, 'b'), by(2n)), 2),
      placed(encode(some(1, 'c'), by(1n, false)), 4),
      marker(1n, 0, 5),
      marker(2n, 1, 6),
      placed(encode(some(1, 'd'), by(1n)), 7),
      marker(1n, 1, 8),
    ])
    const aborted: Aborted[] = [{ producerId: 1n, firstOffset: 0 }]
    const { records: found, nextOffset } = decodeBatches(bytes, 0, aborted)
    expect(found.map(({ value }) => text(value))).toEqual(['b0', 'b1', 'c0', 'd0'])
    expect(nextOffset).toBe(9)
  })

  test('a damaged batch, an old format and an unknown compression are named by their offset', () => {
    fc.assert(
      fc.property(fc.integer({ min: 21, max: 90 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const batch = placed(encode(some(5)), 42)
        batch[at]! ^= flip
        expect(() => decodeBatches(batch, 42, [])).toThrow(
          expect.objectContaining({ code: 'input', message: expect.stringMatching(/offset 42 is damaged/) }),
        )
      }),
      { numRuns: 100 },
    )
    const old = placed(encode(some(1)), 42)
    old[16] = 1
    expect(() => decodeBatches(old, 42, [])).toThrow(expect.objectContaining({ code: 'log-version' }))
    const unknown = encode(some(1))
    unknown.writeInt16BE(7, 21)
    expect(() => decodeBatches(placed(unknown, 42), 42, [])).toThrow(/offset 42 can't be read: .*codec 7/)
  })
})
