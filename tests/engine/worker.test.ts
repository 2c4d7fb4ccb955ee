import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PipelineSettings } from '../../src/config/settings.ts'
import { isFailure } from '../../src/core/errors.ts'
import { EMPTY_HEADERS, type LogRecord, type NewRecord } from '../../src/core/ports.ts'
import { makePipeline } from '../../src/engine/pipeline.ts'
import { smallModel } from '../support/small-net.ts'
import { batchOf, observedWorker, stored, undisturbed } from '../support/undisturbed-worker.ts'
import { createWorld } from '../support/world.ts'

const decoder = new TextDecoder()
const encoder = new TextEncoder()

const settings = {
  name: 'pumps',
  assets: 'pump-*',
  window: { sizeMs: 1000, hopMs: 1000, latenessMs: 0, idleMs: 2000 },
  features: 'default',
  model: 'small',
  alerts: [
    {
      rule: 'risk',
      above: 0.8,
      clearBelow: 0.6,
      onDelay: { windows: 1 },
      offDelay: { windows: 1 },
      severity: 'high',
    },
  ],
} as const satisfies PipelineSettings

const base = createWorld(1)
const plain = {
  topics: base.topics,
  limits: { ...base.limits, assets: 2, channelsPerAsset: 8, futureByMs: 5000, snapshotRecords: 10 },
}
const pumps = {
  ...plain,
  pipelines: [makePipeline(settings, [], base.limits, smallModel({ sizeMs: 1000, hopMs: 1000 }))],
}

const T = 1_700_000_000_000

function record(offset: number, key: string | null, value: unknown, type?: string): LogRecord {
  const bytes = encoder.encode(typeof value === 'string' ? value : JSON.stringify(value))
  return { offset, timestamp: T + 7, key, value: bytes, headers: type ? { type } : EMPTY_HEADERS }
}

function reading(offset: number, asset: string, ts: number, temperature = 50): LogRecord {
  return record(offset, asset, { asset, ts, values: { temperature } })
}

/** What one batch makes a new worker emit, by topic. */
async function emitted(records: readonly LogRecord[]): Promise<Record<string, NewRecord[]>> {
  const { emit } = await undisturbed(pumps, 0, records)
  const byTopic: Record<string, NewRecord[]> = {}
  for (const one of emit)
    byTopic[one.topic.replace('sim.', '')] = [...(byTopic[one.topic.replace('sim.', '')] ?? []), one]
  return byTopic
}

const parsed = ({ value }: NewRecord): Record<string, unknown> => JSON.parse(decoder.decode(value!))

test('a command behind a window in the same batch meets the alert that this window raised', async () => {
  const alert = `pump-1:risk:${T + 1000}`
  const command = { id: 'c-1', command: 'acknowledge', asset: 'pump-1', alert, by: 'ann', at: T + 1500 }
  const { alerts, 'alert-states': states } = await emitted([
    reading(0, 'pump-1', T, 120),
    record(1, 'pump-1', command, 'command'),
    reading(2, 'pump-1', T + 1000),
    record(3, 'pump-1', command, 'command'),
    record(4, 'pump-1', command, 'command'),
  ])
  expect(alerts!.map(parsed).map(({ id, type }) => [id, type])).toEqual([
    [`${alert}:1`, 'forewarn.alert.raised'],
    [`${alert}:2`, 'forewarn.alert.acknowledged'],
  ])
  expect(alerts!.map(({ headers }) => headers?.['source-offset'])).toEqual(['2', '3'])
  expect(states!.map(({ key }) => key)).toEqual(['pump-1/risk', 'pump-1/risk'])
})

test('no offset and no wall time enters a value', async () => {
  const records = [
    reading(0, 'pump-1', T, 120),
    reading(1, 'pump-1', T + 1000),
    reading(2, 'pump-1', T + 2000),
  ]
  const moved = records.map((one) => ({
    ...one,
    offset: one.offset + 500,
    timestamp: one.timestamp + 86_400_000,
  }))
  const [here, there] = [await emitted(records), await emitted(moved)]
  for (const topic of ['scores', 'alerts', 'alert-states']) {
    expect(there[topic]!.map(parsed)).toEqual(here[topic]!.map(parsed))
  }
})

test.each([
  ['not-json', record(3, 'pump-1', '{"asset":')],
  ['schema', record(3, 'pump-1', { asset: 'pump-1', ts: T, values: { temperature: 'hot' } })],
  ['bad-asset', record(3, null, { asset: 'no id', ts: T })],
  ['late', reading(3, 'pump-1', T - 1)],
  ['future', reading(3, 'pump-1', T + 900_000)],
  ['unassigned', reading(3, 'fan-1', T)],
  ['schema', record(3, 'pump-1', '{}', 'unheard-of')],
])('a dead letter (%s) carries the original bytes and where they came from', async (reason, wrong) => {
  const { 'dead-letters': dead } = await emitted([
    record(0, null, { ts: T, elapsed: 0 }, 'tick'),
    reading(1, 'pump-1', T - 1000),
    reading(2, 'pump-1', T),
    wrong,
  ])
  expect(dead).toHaveLength(1)
  expect(dead![0]!.value).toEqual(wrong.value)
  expect(dead![0]!.key).toBe(wrong.key)
  expect(dead![0]!.headers).toMatchObject({
    reason,
    source: 'kafka',
    'source-topic': 'sim.readings',
    'source-partition': '0',
    'source-offset': '3',
    'received-at': String(T + 7),
  })
})

test('a new asset beyond the limit is a dead letter that names the limit', async () => {
  const { 'dead-letters': dead } = await emitted([1, 2, 3].map((n) => reading(n, `pump-${n}`, T)))
  expect(dead!.map(({ headers }) => headers?.detail)).toEqual(['limits.assets: the partition has 2 assets'])
})

test('what was emitted is counted', async () => {
  const { figures } = await undisturbed(pumps, 0, [
    reading(0, 'pump-1', T, 120),
    reading(1, 'pump-1', T + 1000),
    record(2, 'pump-1', 'x'),
    reading(3, 'pump-1', T, 120),
  ])
  expect([...figures.partition.tallies]).toEqual([
    ['dead-letter/not-json', 1],
    ['dead-letter/late', 1],
    ['alert/high/raised', 1],
  ])
  expect(figures.partition.readings).toEqual([{ decoded: 3, windowed: 2, late: 1, duplicate: 0, future: 0 }])
  expect(figures.alertWindowEnds).toEqual([T + 1000])
})

describe('whatever stands in the log', () => {
  const anyNumber = fc.oneof(fc.constantFrom(1e300, -1e300, 8.64e15, 253_370_764_800_000, 0, T), fc.integer())
  const anyRecord = fc.oneof(
    fc.record({
      asset: fc.constantFrom('pump-1', 'fan'),
      ts: anyNumber,
      values: fc.dictionary(fc.string(), anyNumber),
    }),
    fc.record({ ts: anyNumber, elapsed: anyNumber }),
    fc.record({
      id: fc.string(),
      command: fc.constant('acknowledge'),
      asset: fc.string(),
      by: fc.string(),
      at: anyNumber,
    }),
    fc.jsonValue(),
  )
  const anything = fc.tuple(
    fc.constantFrom('pump-1', 'fan', '', 'a b', null),
    fc.oneof(
      anyRecord.map((value) => encoder.encode(JSON.stringify(value))),
      fc.uint8Array(),
      fc.constant(null),
    ),
    fc.constantFrom(undefined, undefined, 'tick', 'command', ''),
  )

  test('a worker goes on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { maxLength: 30 }), async (all) => {
        const records = all.map(([key, value, type], offset) => ({
          ...record(offset, key, '', type),
          value,
          headers: type === undefined ? EMPTY_HEADERS : { type },
        }))
        const silence = [1, 2].map((n) => record(100 + n, null, { ts: T, elapsed: 1e7 * n }, 'tick'))
        const { figures } = await undisturbed(pumps, 0, [...records, ...silence])
        for (const { decoded, windowed, late, duplicate, future } of figures.partition.readings) {
          expect(decoded).toBe(windowed + late + duplicate + future)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('snapshots', () => {
  const readings = Array.from({ length: 25 }, (_, i) => reading(i, 'pump-1', T + i * 100))

  test('come with the first commit and then after so many records, under the group and the partition, and say what to keep', async () => {
    const worker = observedWorker(pumps, 0, () => undefined)
    await worker.restore(stored(new Map()), 0)
    const kept: number[] = []
    const keys: (string | null)[] = []
    for (let at = 0; at < 25; at += 5) {
      const { state, keepFrom } = await worker.process(batchOf('sim.readings', 0, readings.slice(at, at + 5)))
      kept.push(keepFrom)
      keys.push(...state.map(({ key }) => key))
    }
    expect(kept).toEqual([5, 5, 15, 15, 25])
    const one = ['engine/0/chunk/0', 'engine/0/head']
    expect(keys).toEqual([...one, ...one, ...one])
  })

  test('a last one is left at the position where the worker concludes, and only there', async () => {
    const worker = observedWorker(pumps, 0, () => undefined)
    await worker.restore(stored(new Map()), 0)
    await worker.process(batchOf('sim.readings', 0, readings.slice(0, 2)))
    await worker.process(batchOf('sim.readings', 0, readings.slice(2, 4)))
    const { emit, state, keepFrom } = await worker.conclude!(4)
    expect([emit, state.map(({ key }) => key), keepFrom]).toEqual([
      [],
      ['engine/0/chunk/0', 'engine/0/head'],
      4,
    ])
    expect(await worker.conclude!(4)).toEqual({ emit: [], state: [], keepFrom: 4 })
    await worker.process(batchOf('sim.readings', 0, readings.slice(4, 6)))
    await expect(worker.conclude!(4)).rejects.toThrow(/processed up to 6, so it can't conclude at 4/)
  })

  async function snapshot(): Promise<Map<string, Uint8Array>> {
    const worker = observedWorker(pumps, 0, () => undefined)
    await worker.restore(stored(new Map()), 0)
    const { state } = await worker.process(batchOf('sim.readings', 0, readings))
    return new Map(state.flatMap(({ key, value }) => (value ? [[key!, value] as const] : [])))
  }

  test('of another group or partition are not ours', async () => {
    const foreign = new Map(
      [...(await snapshot())].map(([key, value]) => [key.replace('engine/', 'other/'), value]),
    )
    expect(await observedWorker(pumps, 0, () => undefined).restore(stored(foreign), 25)).toBe(0)
  })

  test('ahead of the committed position are damage, and refused', async () => {
    const state = await snapshot()
    expect(await observedWorker(pumps, 0, () => undefined).restore(stored(state), 25)).toBe(25)
    const refused = observedWorker(pumps, 0, () => undefined).restore(stored(state), 24)
    const error: unknown = await refused.catch((reason: unknown) => reason)
    expect(isFailure(error, 'log-version')).toBe(true)
    expect(String(error)).toMatch(/stands at offset 25, the position of group engine at 24/)
  })

  test('a tombstone removes what stood before it', async () => {
    async function* withTombstones(): AsyncGenerator<LogRecord[]> {
      yield* stored(await snapshot())
      for (const key of ['engine/0/head', 'engine/0/chunk/0']) {
        yield [{ offset: 9, timestamp: 0, key, value: null, headers: EMPTY_HEADERS }]
      }
    }
    expect(await observedWorker(pumps, 0, () => undefined).restore(withTombstones(), 25)).toBe(0)
  })
})
