import { beforeEach, describe, expect, test } from 'vitest'
import { deadLetterRecord } from '../../src/core/dead-letter.ts'
import type { NewRecord } from '../../src/core/ports.ts'
import { topicNames } from '../../src/core/topics.ts'
import { createMemoryLog, type FaultPoint, type MemoryLog } from '../../src/eventlog/memory.ts'
import { makeJsonFormat } from '../../src/formats/json.ts'
import { REPLAY_ATTEMPTS, type ReplayParts, replayDeadLetters } from '../../src/ingest/replay.ts'
import { makeSensorTopic } from '../../src/ingest/topic.ts'
import { recordsOf } from '../support/committed.ts'
import { LIMITS } from '../support/pipeline-settings.ts'

const topics = topicNames('t.')
const PARTITIONS = 3
let log: MemoryLog
let fault: (point: FaultPoint) => void
beforeEach(() => {
  fault = () => {}
  log = createMemoryLog({ partitions: PARTITIONS, topics, fault: (point) => fault(point) })
})

const partsOf = (change: Partial<ReplayParts> = {}): ReplayParts => ({
  log,
  topics,
  group: 'g',
  format: makeJsonFormat(LIMITS),
  assigned: (asset) => asset.startsWith('pump-'),
  assetOf: makeSensorTopic('sensors/{asset}').asset,
  ...change,
})

const replay = (change: Partial<ReplayParts> = {}, most = 1_000_000) =>
  replayDeadLetters(partsOf(change), { choice: {}, cursor: null, most })

interface Letter {
  readonly key?: string | null
  readonly value: unknown
  readonly reason?: 'unassigned' | 'schema' | 'late' | 'too-large' | 'bad-asset'
  readonly headers?: Record<string, string>
  readonly topic?: string
  readonly truncated?: boolean
}

function letter({
  key = null,
  value,
  reason = 'schema',
  headers,
  truncated,
  topic = 'sensors/pump-1',
}: Letter): NewRecord {
  const bytes = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  const origin = { source: 'mqtt', topic, receivedAt: 1_700_000_000_000 } as const
  const record = deadLetterRecord(
    topics['dead-letters'],
    { reason, detail: 'then', key, value: bytes, ...(truncated ? { truncated } : {}) },
    origin,
  )
  return { ...record, headers: { ...record.headers, ...headers } }
}

const reading = (n: number) => ({ asset: `pump-${n % 7}`, ts: 1_700_000_000_000 + n, values: { n } })

async function sent() {
  return (await recordsOf(log, topics.readings)).flat().map(({ key, value, headers }) => ({
    key,
    headers,
    reading: JSON.parse(Buffer.from(value!).toString()),
  }))
}

describe('what is sent', () => {
  test('a letter goes through the format and config of now, with its asset and time of then', async () => {
    await log.append([letter({ key: 'pump-1', value: { values: { t: 1 } } })])
    expect(await replay()).toMatchObject({ sent: 1, readings: 1, already: 0, refused: 0, next: null })
    expect(await sent()).toEqual([
      {
        key: 'pump-1',
        headers: { 'replayed-from': expect.stringMatching(/^\d:0$/), attempts: '1' },
        reading: { asset: 'pump-1', ts: 1_700_000_000_000, values: { t: 1 }, tsSource: 'arrival' },
      },
    ])
  })

  test('an asset that a pipeline takes now: its letters leave with the fix, not before', async () => {
    const value = { asset: 'motor-1', ts: 5, values: { t: 1 } }
    await log.append([letter({ key: 'motor-1', reason: 'unassigned', value, topic: 'sensors/motor-1' })])
    expect(await replay()).toMatchObject({
      sent: 0,
      refused: 1,
      refusals: [{ detail: 'unassigned: no pipeline takes asset motor-1' }],
    })
    expect(await replay({ assigned: () => true })).toMatchObject({ sent: 1, refused: 0 })
    expect(await replay({ assigned: () => true })).toMatchObject({ sent: 0, already: 1 })
  })

  test('an array that was too large: each element once, the bad ones as dead letters of their own', async () => {
    const value = [reading(1), { asset: 'pump-2', ts: 'x', values: {} }, reading(3)]
    await log.append([letter({ reason: 'too-large', value })])
    expect(await replay()).toMatchObject({ sent: 1, readings: 2, rejected: 1 })
    const letters = (await recordsOf(log, topics['dead-letters'])).flat()
    expect(letters).toHaveLength(2)
    expect(letters.find(({ headers }) => headers.index === '1')?.headers).toMatchObject({
      reason: 'schema',
      source: 'mqtt',
      'source-topic': 'sensors/pump-1',
      attempts: '1',
    })
  })

  test('what is truncated, still wrong, or came back again and again is refused with its reason', async () => {
    await log.append([
      letter({ key: 'pump-1', value: '{"asset":"pump-1","ts":1', reason: 'too-large', truncated: true }),
      letter({ key: 'pump-1', value: 'no json' }),
      letter({ key: 'pump-1', value: reading(1), headers: { attempts: String(REPLAY_ATTEMPTS) } }),
    ])
    const { refused, refusals } = await replay()
    expect(refused).toBe(3)
    expect(refusals.map(({ detail }) => detail)).toEqual([
      'only its first 24 bytes were kept (header truncated)',
      expect.stringMatching(/^not-json: /),
      'it was sent 5 times and came back each time: then',
    ])
    expect(await sent()).toEqual([])
  })

  test('by choice, and in steps: the cursor leaves nothing out and nothing is sent twice', async () => {
    for (let n = 0; n < 30; n++) {
      await log.append([
        letter({ key: `pump-${n % 7}`, value: reading(n), reason: n % 2 ? 'late' : 'schema' }),
      ])
    }
    const choice = { reasons: ['late'] }
    let cursor: { partition: number; offset: number } | null = null
    let steps = 0
    do {
      const step = await replayDeadLetters(partsOf(), { choice, cursor, most: 1 })
      cursor = step.next
      steps++
    } while (cursor !== null)
    expect(steps).toBe(PARTITIONS)
    const found = (await sent()).map(({ reading: { values } }) => values.n)
    expect(found.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, i) => i * 2 + 1))
  })
})

describe('each is sent once', () => {
  const POINTS: FaultPoint[] = ['before-commit', 'mid-commit', 'after-commit']

  test.each(POINTS.flatMap((point) => [1, 2, 3].map((nth) => [point, nth] as const)))(
    'a replay that dies at %s of commit %i is run again',
    async (point, nth) => {
      const letters = Array.from({ length: 40 }, (_, n) =>
        letter({ key: `pump-${n % 7}`, value: reading(n) }),
      )
      await log.append(letters)
      let commits = 0
      fault = (seen) => {
        if (seen === point && ++commits === nth) throw new Error('power cut')
      }
      const first = replay()
      if (nth <= PARTITIONS) await expect(first).rejects.toThrow('power cut')
      fault = () => {}
      await replay()
      const { already, sent: again } = await replay()
      expect({ already, again }).toEqual({ already: 40, again: 0 })
      const found = (await sent()).map(({ reading: { values } }) => values.n)
      expect(found.toSorted((a, b) => a - b)).toEqual(letters.map((_, n) => n))
    },
  )

  test('five replays at the same time', async () => {
    await log.append(
      Array.from({ length: 40 }, (_, n) => letter({ key: `pump-${n % 7}`, value: reading(n) })),
    )
    const all = await Promise.all(Array.from({ length: 5 }, () => replay()))
    expect(all.reduce((sum, one) => sum + one.sent, 0)).toBe(40)
    expect(all.reduce((sum, one) => sum + one.already, 0)).toBe(160)
    expect(await sent()).toHaveLength(40)
  })
})
