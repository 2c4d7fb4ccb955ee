/** A follower's reading of a partition: what came while it was busy is one chunk, and its records are read when taken. */
import { afterEach, expect, test } from 'vitest'
import { encodeBatch, scanBatches } from '../../src/eventlog/kafka-batch.ts'
import type { Fetched } from '../../src/eventlog/kafka-fetch.ts'
import type { WirePool } from '../../src/eventlog/kafka-protocol.ts'
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

/** A broker that answers each fetch with one small batch, up to an end. */
function smallFetches(end: number) {
  const asked: number[] = []
  const answer = async (): Promise<Fetched> => {
    const offset = asked.length
    asked.push(offset)
    if (offset >= end) return new Promise(() => {})
    return { ...scanBatches(batchAt(offset), offset, []), start: 0, stable: end }
  }
  const line: WirePool = {
    host: '',
    port: 0,
    rack: null,
    // A fetch is the only request of a stream.
    send: <Answer>() => answer() as Promise<Answer>,
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
  return { stream: opened, asked }
}

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
