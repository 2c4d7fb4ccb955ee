/** A day of a plant on a log, and whether all is as it must be: the balance, the dead letters, the alerts of every rule. */
import { expect } from 'vitest'
import { loadPipelines } from '../../src/app/pipelines.ts'
import { replayerOf } from '../../src/app/replay.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { LogSettings, Settings } from '../../src/config/settings.ts'
import { compareAlerts, makeAlertHistory, type PastAlert } from '../../src/core/alert-history.ts'
import type { ReadingCounts } from '../../src/core/balance.ts'
import type { Partition } from '../../src/core/partition.ts'
import type { EventLog } from '../../src/core/ports.ts'
import type { Alert } from '../../src/core/records.ts'
import { readAlertEvent } from '../../src/engine/emitted.ts'
import { runPast } from '../../src/engine/past.ts'
import { recordsOf } from './committed.ts'
import { silencesOf } from './day-silence.ts'
import { deliverDay } from './deliver-day.ts'
import { type Day, type DayOptions, MINUTE_MS, makeDay, type Truth } from './plant-day.ts'
import { runEngine } from './run-engine.ts'

const NO_DATA_MS = 10 * MINUTE_MS
const CONFIG = {
  pipelines: [
    {
      name: 'pumps',
      assets: 'pump-*',
      window: { size: '5m', lateness: '1m', idle: '7m' },
      alerts: [{ rule: 'risk', above: 0.99, clearBelow: 0.5, onDelay: 2, severity: 'high' }],
      noData: { after: `${NO_DATA_MS}ms`, severity: 'medium' },
    },
  ],
}

export function daySettings(log: Partial<LogSettings>): Settings {
  const { settings } = loadConfig({ file: undefined, env: {}, flags: {}, modelsDir: 'models', base: CONFIG })
  return { ...settings, log: { ...settings.log, retentionMs: Number.POSITIVE_INFINITY, ...log } }
}

/**
 * @param open the log; it is to take its timestamps from `now`
 */
export async function dayHolds(
  settings: Settings,
  options: DayOptions,
  open: (now: () => number) => Promise<EventLog>,
): Promise<void> {
  const day = makeDay(options)
  const { truth } = day
  const wall = { nowMs: day.startMs }
  const log = await open(() => wall.nowMs)
  const { pipelines, dispose } = await loadPipelines(settings)
  try {
    const received = await deliverDay(settings, log, day, wall)
    balanceHolds(received, sum(await runEngine(settings, pipelines, log)), truth)
    await lettersHold(log, settings, truth)
    const alerts = await alertsIn(log, settings)
    risksHold(alerts, truth)
    silenceHolds(alerts, day)
    await statesHold(log, settings, alerts, day)
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
    expect(await alertsIn(log, settings)).toEqual(alerts)
  } finally {
    dispose()
    await log.close()
  }
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
function risksHold(alerts: readonly PastAlert[], truth: Truth): void {
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

/** Of silence there are the alerts of the truth and no other, raised and over at the tick at which they must be. */
function silenceHolds(alerts: readonly PastAlert[], day: Day): void {
  const others = alerts.filter(({ rule }) => rule !== 'risk')
  const found = others.map(({ alert, asset, rule, severity, raisedAt, endedAt }) => ({
    alert,
    asset,
    rule,
    severity,
    raisedAt,
    endedAt,
  }))
  expect(found).toEqual(
    silencesOf(day, NO_DATA_MS).map(({ asset, raisedAt, endedAt }) => ({
      alert: `${asset}:no-data:${raisedAt}`,
      asset,
      rule: 'no-data',
      severity: 'medium',
      raisedAt,
      endedAt,
    })),
  )
}

/** `alert-states` shows the last alert of each asset and rule: open where the truth says so, with the time of the last reading. */
async function statesHold(
  log: EventLog,
  settings: Settings,
  alerts: readonly PastAlert[],
  day: Day,
): Promise<void> {
  const states = new Map<string, Alert>()
  for (const { key, value } of (await recordsOf(log, settings.log.topics['alert-states'])).flat()) {
    states.set(key!, JSON.parse(new TextDecoder().decode(value!)))
  }
  expect([...states.keys()].sort()).toEqual(
    [...new Set(alerts.map(({ asset, rule }) => `${asset}/${rule}`))].sort(),
  )
  const standing = [...states.values()].filter(({ state }) => state !== 'closed')
  const expected = silencesOf(day, NO_DATA_MS).filter(({ endedAt }) => endedAt === null)
  const byTime = standing.sort((a, b) => a.raisedAt - b.raisedAt || (a.asset < b.asset ? -1 : 1))
  expect(byTime.map(({ alert, state, silentSince }) => ({ alert, state, silentSince }))).toEqual(
    expected.map(({ asset, raisedAt, silentSince }) => ({
      alert: `${asset}:no-data:${raisedAt}`,
      state: 'active',
      silentSince,
    })),
  )
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
