/** A follower's reading of a partition: what came while it was busy is one chunk, and its records are read when taken. */
import { crc32c } from '@node-rs/crc32'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { encodeBatch, scanBatches } from '../../src/eventlog/kafka-batch.ts'
import type { Fetched } from '../../src/eventlog/kafka-fetch.ts'
import type { WirePool, WireRequest } from '../../src/eventlog/kafka-protocol.ts'
import { recordBytes } from '../../src/eventlog/kafka-record.ts'
import { createStream, type Stream } from '../../src/eventlog/kafka-stream.ts'
import { createTroubles } from '../../src/eventlog/kafka-troubles.ts'
import { text, until } from './harness.ts'

const LIMITS = { records: 5000, bytes: 8 * 1024 * 1024 }
const WRITER = { producerId: -1n, producerEpoch: -1, transactional: false }

let stream: Stream | null = null
afterEach(() => stream?.close())

/** One record at an offset, as the broker keeps it. */
function batchAt(offset: number): Buffer {
  const record = { topic: 't', key: `k${offset}`, value: Buffer.from(`v${offset}`) }
  const bytes = encodeBatch([record], { writer: WRITER, sequence: -1, timestamp: 1, compression: 'none' })
  bytes.writeBigInt64BE(BigInt(offset), 0)
  return bytes
}

/** A stream whose fetches are answered so. */
function streamOf(answer: (offset: number) => Promise<Fetched>): Stream {
  const line: WirePool = {
    host: '',
    port: 0,
    rack: null,
    // A fetch is the only request of a stream; its offset begins 26 bytes before its end.
    send: async <Answer>({ request }: WireRequest<Answer>) => {
      const { buffer } = await request.encode()
      return answer(Number(buffer.readBigInt64BE(buffer.length - 26))) as Promise<Answer>
    },
    map: () => [],
    setVersions() {},
    setSupportAuthenticationProtocol() {},
  }
  const opened = createStream({
    client: {
      line: async () => line,
      forget() {},
      explain: (error) => error as Error,
      scheduler: { after: () => () => {}, turn: async () => {} },
    },
    topic: 't',
    partition: 0,
    troubles: createTroubles(() => 0),
    grown() {},
  })
  stream = opened
  return opened
}

/** A broker that answers each fetch with one small batch, up to an end. */
function smallFetches(end: number) {
  const asked: number[] = []
  const stream = streamOf(async (offset) => {
    asked.push(offset)
    if (offset >= end) return new Promise(() => {})
    return { ...scanBatches(batchAt(offset), offset, []), start: 0, stable: end }
  })
  return { stream, asked }
}

/** A batch as compaction leaves it: records at some of its offsets, perhaps at none. */
interface Compacted {
  readonly offsets: number
  readonly kept: readonly number[]
}

function placed({ offsets, kept }: Compacted, base: number): Buffer {
  const all = kept.length === 0 ? [0] : kept
  const records = Array.from({ length: Math.max(...all) + 1 }, (_, i) => ({
    topic: 't',
    key: `k${base + i}`,
    value: Buffer.from(`v${base + i}`),
  }))
  const bytes = encodeBatch(records, { writer: WRITER, sequence: -1, timestamp: 1, compression: 'none' })
  const parts: Buffer[] = []
  const lengths = records.map((record, index) => recordBytes(record, index))
  let at = 61
  lengths.forEach((length, index) => {
    if (kept.includes(index)) parts.push(bytes.subarray(at, at + length))
    at += length
  })
  const batch = Buffer.concat([bytes.subarray(0, 61), ...parts])
  batch.writeBigInt64BE(BigInt(base), 0)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt32BE(offsets - 1, 23)
  batch.writeInt32BE(kept.length, 57)
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  return batch
}

const compacted: fc.Arbitrary<Compacted> = fc.integer({ min: 1, max: 12 }).chain((offsets) =>
  fc.record({
    offsets: fc.constant(offsets),
    kept: fc.subarray(Array.from({ length: offsets }, (_, i) => i)),
  }),
)

test('fetches that came while the follower was busy are taken at once', async () => {
  const { stream, asked } = smallFetches(200)
  const first = await stream.take(0, Number.POSITIVE_INFINITY, LIMITS)
  expect(first.records.length).toBeGreaterThan(0)
  // The follower works and commits; a commit for each fetch would let it fall behind what is written.
  await until(async () => asked.length > 200)
  const second = await stream.take(first.nextOffset, Number.POSITIVE_INFINITY, LIMITS)
  const all = [...first.records, ...second.records]
  expect(all.map(({ offset, key, value }) => `${offset} ${key} ${text(value)}`)).toEqual(
    Array.from({ length: 200 }, (_, i) => `${i} k${i} v${i}`),
  )
  expect(second.nextOffset).toBe(200)
})

test('a chunk has no more records than asked for, and ends before an offset', async () => {
  const { stream, asked } = smallFetches(60)
  let { nextOffset: at } = await stream.take(0, 50, { ...LIMITS, records: 7 })
  await until(async () => asked.length > 60)
  while (at < 50) {
    const { records, nextOffset } = await stream.take(at, 50, { ...LIMITS, records: 7 })
    expect([...records].map(({ offset }) => offset)).toEqual(
      Array.from({ length: Math.min(7, 50 - at) }, (_, i) => at + i),
    )
    at = nextOffset
  }
  expect(await stream.take(50, 50, LIMITS)).toEqual({ records: [], nextOffset: 50 })
})

test('chunks bring each record once and in order, whatever batches, limits and ends cut through', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(compacted, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 15 }),
      fc.nat(60),
      fc.nat(60),
      async (batches, records, startAt, endAt) => {
        const bases = batches.map((_, i) =>
          batches.slice(0, i).reduce((sum, { offsets }) => sum + offsets, 0),
        )
        const end = bases.at(-1)! + batches.at(-1)!.offsets
        const from = Math.min(startAt, end)
        const to = Math.max(from, Math.min(endAt, end))
        const bytes = Buffer.concat(batches.map((batch, i) => placed(batch, bases[i]!)))
        const stream = streamOf(async (offset) =>
          offset >= end
            ? new Promise(() => {})
            : { ...scanBatches(bytes, offset, []), start: 0, stable: end },
        )
        const seen: number[] = []
        for (let at = from; at < to; ) {
          const chunk = await stream.take(at, to, { ...LIMITS, records })
          const offsets = [...chunk.records].map(({ offset, key, value }) => {
            expect([key, text(value)]).toEqual([`k${offset}`, `v${offset}`])
            return offset
          })
          expect(offsets).toHaveLength(chunk.records.length)
          expect(offsets.length).toBeLessThanOrEqual(records)
          expect(chunk.nextOffset).toBeGreaterThan(Math.max(at, ...offsets) - (offsets.length === 0 ? 1 : 0))
          seen.push(...offsets)
          at = chunk.nextOffset
        }
        stream.close()
        const all = batches.flatMap(({ kept }, i) => kept.map((index) => bases[i]! + index))
        expect(seen).toEqual(all.filter((offset) => offset >= from && offset < to))
      },
    ),
    { numRuns: 300 },
  )
})
