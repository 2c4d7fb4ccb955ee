/**
 * A day of 200 assets with 2 % late, 1 % duplicate, 0.1 % malformed, two bad clocks and five silent assets, simulated: the
 * balance and the expected alerts hold exactly, on both logs.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadPipelines } from '../../src/app/pipelines.ts'
import { replayerOf } from '../../src/app/replay.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { LogSettings, Settings } from '../../src/config/settings.ts'
import { compareAlerts, makeAlertHistory, type PastAlert } from '../../src/core/alert-history.ts'
import type { Partition, ReadingCounts } from '../../src/core/partition.ts'
import type { EventLog } from '../../src/core/ports.ts'
import { topicNames } from '../../src/core/topics.ts'
import { readAlertEvent } from '../../src/engine/emitted.ts'
import { runPast } from '../../src/engine/past.ts'
import { openEventLog } from '../../src/eventlog/open.ts'
import { recordsOf } from '../support/committed.ts'
import { deliverDay } from '../support/deliver-day.ts'
import { kafkaSettings, sharedKafka } from '../support/kafka.ts'
import { MINUTE_MS, makeDay, type Truth } from '../support/plant-day.ts'
import { requires } from '../support/requires.ts'
import { runEngine } from '../support/run-engine.ts'

const DAY = {
  seed: 11,
  assets: 200,
  hours: 24,
  late: 0.02,
  duplicate: 0.01,
  malformed: 0.001,
  silent: 5,
  failing: 6,
}
const CONFIG = {
  pipelines: [
    {
      name: 'pumps',
      assets: 'pump-*',
      window: { size: '5m', lateness: '1m', idle: '7m' },
      alerts: [{ rule: 'risk', above: 0.99, clearBelow: 0.5, onDelay: 2, severity: 'high' }],
    },
  ],
}
const TIMEOUT_MS = 900_000

const settingsOf = (log: Partial<LogSettings>): Settings => {
  const { settings } = loadConfig({ file: undefined, env: {}, flags: {}, modelsDir: 'models', base: CONFIG })
  return { ...settings, log: { ...settings.log, retentionMs: Number.POSITIVE_INFINITY, ...log } }
}

/** Counts of all partitions. */
function sum(partitions: ReadonlyMap<number, Partition>): ReadingCounts {
  const total: ReadingCounts = { decoded: 0, windowed: 0, late: 0, duplicate: 0, future: 0 }
  for (const { readings } of partitions.values()) {
    for (const counts of readings) {
      for (const result of Object.keys(total) as (keyof ReadingCounts)[]) total[result] += counts[result]
    }
  }
  return total
}

/** Of all rules. */
async function alertsIn(log: EventLog, settings: Settings): Promise<readonly PastAlert[]> {
  const history = makeAlertHistory()
  for (const { value } of (await recordsOf(log, settings.log.topics.alerts)).flat()) {
    const event = readAlertEvent(value)
    if (event) history.take(event)
  }
  return history.alerts()
}

function balanceHolds(
  received: Awaited<ReturnType<typeof deliverDay>>,
  counts: ReadingCounts,
  truth: Truth,
): void {
  expect(received).toEqual({
    decoded: truth.received - truth.malformed,
    rejected: truth.malformed,
    unassigned: 0,
  })
  const { windowed, late, duplicate, future } = truth
  expect(counts).toEqual({ decoded: received.decoded, windowed, late, duplicate, future })
  expect(counts.decoded).toBe(windowed + late + duplicate + future)
}

/** Each machine that ran hot has one alert, raised while it did and over soon after; no other has any. */
function alertsHold(alerts: readonly PastAlert[], truth: Truth): void {
  const risks = alerts.filter(({ rule }) => rule === 'risk')
  expect(risks.map(({ asset }) => asset).sort()).toEqual([...truth.hot.keys()].sort())
  for (const { asset, raisedAt, endedAt } of risks) {
    const { fromMs, toMs } = truth.hot.get(asset)!
    expect(raisedAt).toBeGreaterThan(fromMs)
    expect(raisedAt).toBeLessThanOrEqual(fromMs + 15 * MINUTE_MS)
    expect(endedAt).toBeGreaterThan(toMs)
    expect(endedAt).toBeLessThanOrEqual(toMs + 15 * MINUTE_MS)
  }
}

async function lettersHold(log: EventLog, settings: Settings, truth: Truth): Promise<void> {
  const letters = (await recordsOf(log, settings.log.topics['dead-letters'])).flat()
  const counts: Record<string, number> = {}
  for (const { headers } of letters) counts[headers.reason!] = (counts[headers.reason!] ?? 0) + 1
  expect(counts).toEqual({ 'not-json': truth.malformed, late: truth.late, future: truth.future })
  expect(new Set(letters.filter(({ headers }) => headers.reason === 'future').map(({ key }) => key))).toEqual(
    new Set(['pump-0']),
  )
}

/** The log read once more gives the same alerts. */
async function pastHolds(log: EventLog, settings: Settings, was: readonly PastAlert[]): Promise<void> {
  const { pipelines, dispose } = await loadPipelines(settings)
  const history = makeAlertHistory()
  const { topics } = settings.log
  const from = (await log.bounds(topics.readings)).map(({ start }) => start)
  for await (const { emit } of runPast({ log, topics, pipelines, limits: settings.limits, from })) {
    for (const { topic, value } of emit) {
      const event = topic === topics.alerts ? readAlertEvent(value) : null
      if (event) history.take(event)
    }
  }
  dispose()
  expect(compareAlerts(history.alerts(), was).every(({ change }) => change === 'same')).toBe(true)
}

async function dayHolds(settings: Settings): Promise<void> {
  const day = makeDay({ ...DAY, badClocks: true })
  const { truth } = day
  const wall = { nowMs: day.startMs }
  const log = await openEventLog(settings.log, { now: () => wall.nowMs })
  const { pipelines, dispose } = await loadPipelines(settings)
  try {
    const received = await deliverDay(settings, log, day, wall)
    balanceHolds(received, sum(await runEngine(settings, pipelines, log)), truth)
    await lettersHold(log, settings, truth)
    const alerts = await alertsIn(log, settings)
    alertsHold(alerts, truth)
    await pastHolds(log, settings, alerts)
    // What was late is sent again: it is late again, once, and in the balance.
    const replay = replayerOf(settings, log)
    const request = { choice: { reasons: ['late'] }, cursor: null, most: Number.POSITIVE_INFINITY }
    expect(await replay(request)).toMatchObject({
      sent: truth.late,
      readings: truth.late,
      already: 0,
      refused: 0,
    })
    expect(await replay(request)).toMatchObject({ sent: 0, already: truth.late })
    const counts = sum(await runEngine(settings, pipelines, log))
    expect(counts).toMatchObject({
      decoded: received.decoded + truth.late,
      late: 2 * truth.late,
      windowed: truth.windowed,
    })
  } finally {
    dispose()
    await log.close()
  }
}

describe('a day of 200 assets', () => {
  test('on the embedded log', { timeout: TIMEOUT_MS }, async () => {
    const dir = await mkdtemp(join(tmpdir(), 'forewarn-day-'))
    await dayHolds(settingsOf({ dir: join(dir, 'data') }))
    await rm(dir, { recursive: true })
  })

  test.skipIf(requires('kafka').missing)('on Kafka', { timeout: TIMEOUT_MS }, async () => {
    const settings = settingsOf({ adapter: 'kafka', kafka: kafkaSettings(await sharedKafka()) })
    const prefix = `day-${process.pid}.`
    const topics = topicNames(prefix)
    await dayHolds({ ...settings, log: { ...settings.log, group: `${prefix}engine`, topics } })
  })
})
