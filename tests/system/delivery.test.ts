/**
 * What users of other stream processors ran into with payloads and delivery, each as a test by the words in which it was told; and
 * the acceptance checks on them by their numbers.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../../simulators/random.ts'
import type { RejectedPayload } from '../../src/core/dead-letter.ts'
import { readDeadLetter } from '../../src/core/dead-letter-view.ts'
import { createLane } from '../../src/engine/lane.ts'
import { makePipeline } from '../../src/engine/pipeline.ts'
import { scoreRecording } from '../../src/engine/recorded.ts'
import { makeJsonFormat } from '../../src/formats/json.ts'
import { sendAgain } from '../../src/ingest/replay.ts'
import { type Given, LANE_TOPICS, runLane } from '../support/lane-run.ts'
import { LIMITS, pipelineSettings } from '../support/pipeline-settings.ts'

const T0 = Date.parse('2026-03-01T00:00:00Z')
const HOUR = 3_600_000
const SECOND = 1000
/** Windows of 30 s, lateness 10 s, idle 60 s. */
const pipelines = [makePipeline(pipelineSettings({ learn: { windows: 20 } }), [], LIMITS, null)]

const reading = (asset: string, ts: unknown, temperature: number, at = Number(ts)): Given => ({
  at,
  reading: { asset, ts, values: { temperature } },
})
const tick = (ts: number, elapsed = SECOND): Given => ({ at: ts, tick: { ts, elapsed } })

/** Seconds 0 to `seconds`: a tick, then what `each` gives for it. */
function seconds(count: number, each: (second: number, now: number) => readonly Given[]): Given[] {
  return Array.from({ length: count }, (_, second) => {
    const now = T0 + second * SECOND
    return [tick(now, second === 0 ? 0 : SECOND), ...each(second, now)]
  }).flat()
}

const spans = ({ scores }: ReturnType<typeof runLane>, asset: string) =>
  scores
    .filter((score) => score.asset === asset)
    .map(({ windowStart, count, closed }) => ({ windowStart, count, closed }))
const counts = ({ lane }: ReturnType<typeof runLane>) => lane.partition.readings[0]!
const reasons = ({ letters }: ReturnType<typeof runLane>) =>
  letters.map(({ key, headers }) => `${key} ${headers?.reason}`)

describe('order and duplicates (check 8)', () => {
  test('shuffled within lateness, late beyond it, each twice: aggregates as if sorted, the late count exact', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = createRandom(seed, 'order')
        const sorted = Array.from({ length: 240 }, (_, i) => ({
          asset: `pump-${i % 2}`,
          ts: T0 + i * 500,
          value: 50 + random.below(9),
        }))
        const shuffled = sorted
          .map((one) => ({ ...one, at: one.ts + (random.below(10) === 0 ? random.below(9000) : 0) }))
          .sort((a, b) => a.at - b.at)
        const twice = shuffled.flatMap((one) => [one, one])
        const late = Array.from({ length: 7 }, (_, i) => ({
          asset: `pump-${i % 2}`,
          ts: T0 + i * 1000,
          value: 99,
        }))
        const give = (list: readonly { asset: string; ts: number; value: number }[]) =>
          list.map(({ asset, ts, value }) => reading(asset, ts, value, T0 + 200_000))
        const plain = runLane(pipelines, give(sorted))
        const mixed = runLane(pipelines, [...give(twice), ...give(late)])
        expect(spans(mixed, 'pump-0')).toEqual(spans(plain, 'pump-0'))
        expect(spans(mixed, 'pump-1')).toEqual(spans(plain, 'pump-1'))
        expect(counts(mixed)).toEqual({ decoded: 487, windowed: 240, duplicate: 240, late: 7, future: 0 })
      }),
      { numRuns: 30 },
    )
  })

  test('a redelivery is told within limits.dedupePerAsset readings of its asset, and no further', () => {
    const given = Array.from({ length: LIMITS.dedupePerAsset + 5 }, (_, i) =>
      reading('pump-1', T0 + i, i, T0),
    )
    const [forgotten, remembered] = [given.slice(0, 5), given.slice(5)]
    const run = runLane(pipelines, [...given, ...remembered, ...forgotten])
    expect(counts(run)).toMatchObject({ windowed: given.length + 5, duplicate: LIMITS.dedupePerAsset })
  })

  test('a retained message is no news: it counts by its own time, and without one it is refused', () => {
    const format = makeJsonFormat(LIMITS)
    const told: string[] = []
    const taker = {
      reading: (asset: string) => told.push(asset),
      letter: ({ detail }: RejectedPayload) => told.push(detail),
    }
    for (const payload of [{ ts: T0, values: { t: 1 } }, { values: { t: 1 } }]) {
      format.decode(Buffer.from(JSON.stringify(payload)), { asset: 'pump-1', receivedAt: null }, taker)
    }
    expect(told).toEqual(['pump-1', expect.stringContaining('/ts: expected epoch milliseconds')])
  })
})

describe('silence of a device (check 10)', () => {
  test('its windows close by logged ticks within idle and one tick, whatever the batches; a replay is identical', () => {
    const given = seconds(200, (second, now) => [
      reading('pump-1', now, 60),
      ...(second < 45 ? [reading('pump-2', now, 60)] : []),
    ])
    const run = runLane(pipelines, given)
    expect(spans(run, 'pump-2')).toEqual([
      { windowStart: T0, count: 30, closed: 'watermark' },
      { windowStart: T0 + 30_000, count: 15, closed: 'idle' },
    ])
    const closedAt = (until: number) =>
      spans(
        runLane(
          pipelines,
          given.filter(({ at }) => at <= T0 + until * SECOND),
        ),
        'pump-2',
      ).length
    expect(closedAt(44 + 59)).toBe(1)
    expect(closedAt(44 + 61)).toBe(2)
    for (const batch of [1, 7, 1000]) expect(runLane(pipelines, given, batch).scores).toEqual(run.scores)
  })
})

describe('delivery', () => {
  const rises = (second: number) => (second < 900 ? 60 + (second % 3) : 90)

  test('Replaying a file from last year gives the same features and alarms as live did', async () => {
    const readings = Array.from({ length: 1200 }, (_, i) => ({
      asset: 'pump-1',
      ts: T0 + i * SECOND,
      values: { temperature: rises(i) },
    }))
    const live = runLane(
      pipelines,
      seconds(1200, (second, now) => [reading('pump-1', now, rises(second))]),
    )
    const lane = createLane({ partition: 0, topics: LANE_TOPICS, pipelines, limits: LIMITS, inferred() {} })
    const replayed: string[] = []
    for await (const records of scoreRecording([lane], readings)) {
      for (const { value } of records) if (value) replayed.push(Buffer.from(value).toString())
    }
    expect(live.alerts.length).toBeGreaterThan(0)
    for (const value of [...live.scores, ...live.alerts]) expect(replayed).toContain(JSON.stringify(value))
  })

  test('Late record: counted, routed with reason, replayable; `in == out + late + dlq` always balances', () => {
    const given = [
      ...seconds(120, (_, now) => [reading('pump-1', now, 60)]),
      reading('pump-1', T0 + 5500, 61, T0 + 120_000),
      { at: T0 + 120_000, key: 'pump-1', reading: '{"asset":"pump-1",' },
      reading('nobody', T0, 60, T0 + 120_000),
    ]
    const run = runLane(pipelines, given)
    const { decoded, windowed, late, duplicate, future } = counts(run)
    expect({ windowed, late, duplicate, future }).toEqual({ windowed: 120, late: 1, duplicate: 0, future: 0 })
    expect(decoded).toBe(windowed + late + duplicate + future)
    expect(reasons(run)).toEqual(['pump-1 late', 'pump-1 not-json', 'nobody unassigned'])
    // 123 came in: 120 are in windows, one is late, two could not be used.
    expect(given.filter((one) => one.reading).length).toBe(windowed + run.letters.length)
    const [letter] = run.letters.map((record, offset) =>
      readDeadLetter(0, { offset, timestamp: 0, ...record, headers: record.headers! }),
    )
    const again = sendAgain(
      { topics: LANE_TOPICS, format: makeJsonFormat(LIMITS), assigned: () => true, assetOf: () => null },
      letter!,
    )
    expect(again).toMatchObject({
      readings: 1,
      records: [{ key: 'pump-1', headers: { 'replayed-from': '0:0' } }],
    })
  })

  test('a late one that is sent again and is late again says how often: it can not go round for ever', () => {
    const headers = { 'replayed-from': '0:7', attempts: '3' }
    const run = runLane(pipelines, [
      ...seconds(120, (_, now) => [reading('pump-1', now, 60)]),
      { ...reading('pump-1', T0, 61, T0 + 120_000), headers },
    ])
    expect(run.letters[0]!.headers).toMatchObject({ reason: 'late', ...headers })
    expect(run.lane.partition.tallies.get('replayed')).toBe(1)
  })

  test('Kafka record key, headers, partition, offset, traceparent survive to the alert', () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const given = seconds(1200, (second, now) => [
      { ...reading('pump-1', now, rises(second)), headers: { traceparent } },
    ])
    const { alerts, alertHeaders } = runLane(pipelines, given)
    expect(alerts[0]).toMatchObject({ type: 'forewarn.alert.raised', subject: 'pump-1' })
    const { traceparent: kept, ...origin } = alertHeaders[0]!
    expect(kept).toBe(traceparent)
    const cause = given[Number(origin['source-offset'])]!
    expect(cause.reading).toMatchObject({ asset: 'pump-1', ts: alerts[0]!.data.raisedAt + 10_000 })
    expect(origin).toMatchObject({ 'source-topic': LANE_TOPICS.readings, 'source-partition': '0' })
    expect(origin.historical).toBeUndefined()
  })

  test('hours of a cut-off gateway at once: in order, with the times of then, and no alert that passes for one of now', () => {
    const live = seconds(1200, (second, now) => [reading('pump-1', now, rises(second))])
    const later = T0 + 6 * HOUR
    const readings = live.filter((one) => one.reading)
    const burst = [tick(later, 0), ...readings.map((one) => ({ ...one, at: later })), tick(later + SECOND)]
    const [then, now] = [runLane(pipelines, live), runLane(pipelines, burst)]
    expect(now.scores).toEqual(then.scores)
    expect(now.alerts).toEqual(then.alerts)
    expect(now.alerts.length).toBeGreaterThan(0)
    expect(now.alertHeaders.every(({ historical }) => historical === 'true')).toBe(true)
    expect(now.ends).toEqual([])
    expect(then.ends).toHaveLength(then.alerts.length)
  })
})

describe('payloads (check 16)', () => {
  const deep = (levels: number) => `${'{"asset":"pump-1","x":'.repeat(levels)}1${'}'.repeat(levels)}`
  const POISON = [
    '',
    '{',
    '[',
    '[1,',
    '{"asset":',
    'nul',
    '"text"',
    '1',
    'true',
    'null',
    '[]',
    '{}',
    '[[]]',
    '{"a":"b"',
    '\u0000',
    '{"asset":"pump-1","ts":1,"values":[]}',
    '{"asset":"pump-1","ts":"soon","values":{"t":1}}',
    '{"asset":"pump-1","ts":1e999,"values":{"t":1}}',
    '{"asset":"pump-1","ts":1700000000000,"values":{"t":"1"}}',
    '{"asset":"pump-1","ts":1700000000000,"values":{"t":1e999}}',
    '{"asset":"pump 1","ts":1700000000000,"values":{"t":1}}',
    '{"asset":{},"ts":1700000000000,"values":{"t":1}}',
    '{"__proto__":{"asset":"pump-1"},"ts":1700000000000,"values":{"t":1}}',
    '{"asset":"pump-1","ts":1700000000000,"values":{"__proto__":1}}',
    '{"asset":"pump-1","ts":1700000000000,"values":{"t":NaN}}',
    "{'asset':'pump-1'}",
    '{"asset":"pump-1","ts":1700000000000,}',
    '\ufeff{',
    deep(5000),
    '['.repeat(50_000),
  ].map((text) => Buffer.from(text))
  POISON.push(Buffer.from([0xff, 0xfe, 0x00]), Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))
  const MEGABYTE = Buffer.alloc(1024 * 1024, 0x20)

  test('100,000 payloads of which every tenth is poison: each poison a dead letter with its reason, each good one taken', () => {
    const format = makeJsonFormat(LIMITS)
    let taken = 0
    const letters = new Map<string, number>()
    const taker = {
      reading() {
        taken++
      },
      letter({ reason, detail, value }: RejectedPayload) {
        expect(detail).not.toBe('')
        expect(value.length).toBeLessThanOrEqual(LIMITS.payloadBytes)
        letters.set(reason, (letters.get(reason) ?? 0) + 1)
      },
    }
    let poisons = 0
    for (let i = 0; i < 100_000; i++) {
      const isPoison = i % 10 === 0
      const poison = poisons % 1000 === 0 ? MEGABYTE : POISON[poisons % POISON.length]!
      if (isPoison) poisons++
      const good = Buffer.from(`{"asset":"pump-1","ts":${T0 + i},"values":{"t":${i}}}`)
      format.decode(isPoison ? poison : good, { asset: 'pump-1', receivedAt: T0 }, taker)
    }
    expect(taken).toBe(90_000)
    expect([...letters.values()].reduce((sum, count) => sum + count, 0)).toBe(10_000)
    expect([...letters.keys()].sort()).toEqual(['bad-asset', 'not-json', 'schema', 'too-large'])
    expect(({} as { asset?: string }).asset).toBeUndefined()
  })
})
