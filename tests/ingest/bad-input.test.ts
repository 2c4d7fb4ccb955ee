/**
 * The proof for bad input: 10,000 malformed payloads among as many good ones, over real MQTT into a real log.
 * Every good one is in it once, every bad one is a dead letter with its bytes and the right reason.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import type { MqttClient } from 'mqtt'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EventLog, LogRecord } from '../../src/core/ports.ts'
import { type DeadLetterReason, topicNames } from '../../src/core/topics.ts'
import { type Appender, createAppender } from '../../src/eventlog/appender.ts'
import { openEventLog } from '../../src/eventlog/open.ts'
import { LIMITS, startIngest } from '../support/ingest.ts'

const BAD = 10_000
const GOOD = 10_000
const CLIENTS = 4
/** Payloads kept unacknowledged per client by the test. */
const WINDOW = 200
const TOPICS = topicNames('')

interface BadPayload {
  readonly reason: DeadLetterReason
  readonly payload: Buffer
}

const good = (n: number) =>
  `{"asset":"good-${n % 100}","ts":${n},"values":{"temperature":${n / 8},"speed":1480}}`
const bad =
  (reason: DeadLetterReason) =>
  (text: string | Uint8Array): BadPayload => ({
    reason,
    payload: Buffer.from(text),
  })
const notNumber = fc.oneof(fc.string(), fc.boolean(), fc.array(fc.integer(), { maxLength: 3 }), fc.object())
const notObject = fc.oneof(
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.string().map((text) => `x${text}`),
)
const isId = (text: string) => /^[A-Za-z0-9_.:-]{1,128}$/.test(text)
const valid = {
  ts: fc.integer({ min: 0, max: 2 ** 40 }),
  values: fc.record({ t: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
}

/** Each kind of malformed payload, with the reason that it must get. */
const badPayload: fc.Arbitrary<BadPayload> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.nat(), fc.integer({ min: 1, max: 60 }))
      .map(([n, cut]) => good(n).slice(0, -cut))
      .map(bad('not-json')),
  },
  { weight: 4, arbitrary: notObject.map((value) => JSON.stringify(value)).map(bad('schema')) },
  { weight: 4, arbitrary: notNumber.map((t) => JSON.stringify({ ts: 1, values: { t } })).map(bad('schema')) },
  {
    weight: 4,
    arbitrary: fc
      .record({ ...valid, ts: notNumber })
      .map((value) => JSON.stringify(value))
      .map(bad('schema')),
  },
  { weight: 2, arbitrary: notObject.map((values) => JSON.stringify({ ts: 1, values })).map(bad('schema')) },
  {
    weight: 4,
    arbitrary: fc
      .record({
        asset: fc.oneof(
          fc.string({ unit: 'grapheme' }).filter((text) => !isId(text)),
          fc.integer(),
          fc.constant('a'.repeat(129)),
        ),
        ...valid,
      })
      .map((value) => JSON.stringify(value))
      .map(bad('bad-asset')),
  },
  {
    weight: 2,
    arbitrary: fc
      .integer({ min: 33, max: 20_000 })
      .map((depth) => `{"values":{"t":1},"deep":${'['.repeat(depth)}${']'.repeat(depth)}}`)
      .map(bad('schema')),
  },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 33, max: 200_000 })
      .map((depth) => '{"a":'.repeat(Math.floor(depth / 5) + 33))
      .map(bad('schema')),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('"__proto__":{"x":1}', '"\\u005f_proto__":[]', '"constructor":{"prototype":{}}')
      .map((key) => `{"ts":1,"values":{"t":1},${key}}`)
      .map(bad('schema')),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('NaN', 'Infinity', '-Infinity', '01', '1.', '.5', "'1'", 'undefined')
      .map((t) => `{"ts":1,"values":{"t":${t}}}`)
      .map(bad('not-json')),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('1e400', '-1e999')
      .map((t) => `{"ts":1,"values":{"t":${t}}}`)
      .map(bad('schema')),
  },
  {
    weight: 4,
    arbitrary: fc
      .uint8Array({ maxLength: 500 })
      .map((bytes) => Buffer.concat([Buffer.from([0xff]), bytes]))
      .map(bad('not-json')),
  },
  { weight: 1, arbitrary: fc.constant('').map(bad('not-json')) },
  { weight: 1, arbitrary: fc.constantFrom('[]', '{}', '{"ts":1}').map(bad('schema')) },
  {
    weight: 2,
    arbitrary: fc
      .integer({ min: 257, max: 4000 })
      .map((count) =>
        JSON.stringify({ values: Object.fromEntries(Array.from({ length: count }, (_, i) => [`c${i}`, i])) }),
      )
      .map(bad('schema')),
  },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 10_001, max: 15_000 })
      .map((count) => `[${Array(count).fill('{"ts":1}').join()}]`)
      .map(bad('too-large')),
  },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 262_145, max: 800_000 })
      .map((size) => `{"x":"${'y'.repeat(size)}"}`)
      .map(bad('too-large')),
  },
)

let folder: string
let log: EventLog
let appender: Appender
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forewarn-bad-input-'))
  log = await openEventLog({
    adapter: 'embedded',
    dir: folder,
    partitions: 4,
    group: 'forewarn',
    topics: TOPICS,
    ticksMs: null,
    retentionMs: 86_400_000,
    maxBytes: 4 * 2 ** 30,
    batchRecords: 2000,
    batchWaitMs: 2,
  })
  appender = createAppender(log, {
    batchRecords: 2000,
    waitMs: 2,
    pendingRecords: LIMITS.inFlightReadings,
    pendingBytes: LIMITS.inFlightBytes,
  })
})
afterAll(async () => {
  await appender.close()
  await log.close()
  await rm(folder, { recursive: true })
})

test('every good one is in the log once, every bad one is a dead letter with its bytes; memory stays flat', async () => {
  const seed = Number(process.env.FOREWARN_SEED ?? Math.floor(Math.random() * 2 ** 31))
  const bads = fc.sample(badPayload, { numRuns: BAD, seed })
  const ingest = await startIngest({ append: appender })
  try {
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => ingest.connect()))
    const rss: number[] = []
    await Promise.all(clients.map((client, own) => publishOwn(client, own, bads, rss)))
    expect(ingest.intake.received()).toEqual({ decoded: GOOD, rejected: BAD, unassigned: 0 })
    expect(ingest.refused).toEqual([])
    await checkReadings()
    await checkLetters(bads)
    // After the first quarter everything has its size; what comes then must not stay.
    const grown = Math.max(...rss) - rss[Math.floor(rss.length / 4)]!
    expect(grown).toBeLessThan(300 * 2 ** 20)
  } catch (error) {
    throw new Error(`repeat with FOREWARN_SEED=${seed}`, { cause: error })
  } finally {
    await ingest.close()
  }
}, 120_000)

/** A client's share: good and bad ones by turns, so many at a time. */
async function publishOwn(
  client: MqttClient,
  own: number,
  bads: readonly BadPayload[],
  rss: number[],
): Promise<void> {
  const inFlight = new Set<Promise<unknown>>()
  for (let n = own; n < Math.max(GOOD, BAD); n += CLIENTS) {
    const letter = bads[n]
    const more = [
      ...(n < GOOD ? [client.publishAsync(`sensors/good-${n % 100}`, good(n), { qos: 1 })] : []),
      ...(letter ? [client.publishAsync(`sensors/bad-${n}`, letter.payload, { qos: 1 })] : []),
    ]
    for (const published of more) {
      inFlight.add(published)
      published.finally(() => inFlight.delete(published))
    }
    while (inFlight.size >= WINDOW) await Promise.race(inFlight)
    if (n % 100 === own) rss.push(process.memoryUsage.rss())
  }
  await Promise.all(inFlight)
}

async function* recordsOf(topic: string): AsyncGenerator<LogRecord> {
  for (let partition = 0; partition < log.partitions; partition++) {
    for await (const records of log.read(topic, partition, 0)) yield* records
  }
}

async function checkReadings(): Promise<void> {
  const seen = new Set<string>()
  let count = 0
  for await (const { key, value } of recordsOf(TOPICS.readings)) {
    const text = Buffer.from(value ?? []).toString()
    expect(JSON.parse(text).asset).toBe(key)
    seen.add(text)
    count++
  }
  expect(count).toBe(GOOD)
  expect(seen).toEqual(new Set(Array.from({ length: GOOD }, (_, n) => good(n))))
}

async function checkLetters(bads: readonly BadPayload[]): Promise<void> {
  const seen = new Set<string>()
  for await (const { value, headers, key } of recordsOf(TOPICS['dead-letters'])) {
    const topic = headers['source-topic'] ?? ''
    expect(seen.has(topic)).toBe(false)
    seen.add(topic)
    const { payload, reason } = bads[Number(topic.slice('sensors/bad-'.length))]!
    const kept = payload.length > LIMITS.payloadBytes ? payload.subarray(0, 65_536) : payload
    expect(
      { reason: headers.reason, whole: kept.equals(value ?? new Uint8Array(0)) },
      payload.toString().slice(0, 200),
    ).toEqual({
      reason,
      whole: true,
    })
    expect(headers.truncated).toBe(kept === payload ? undefined : 'true')
    expect(headers.source).toBe('mqtt')
    expect(key).toBe(topic.slice('sensors/'.length))
  }
  expect(seen.size).toBe(BAD)
}
