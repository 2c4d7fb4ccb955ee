/** The checker of `chaos` can fail: on a log with one thing wrong it says what. */
import { beforeAll, describe, expect, test } from 'vitest'
import { chaosConfig } from '../../src/chaos/chaos-config.ts'
import { createLoad, type Load } from '../../src/chaos/load.ts'
import { isProof } from '../../src/chaos/report.ts'
import { judgeLog } from '../../src/chaos/verdict.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/settings.ts'
import { deadLetterRecord } from '../../src/core/dead-letter.ts'
import { EMPTY_HEADERS, type EventLog, type LogRecord } from '../../src/core/ports.ts'
import type { Topic } from '../../src/core/topics.ts'
import { makePipeline } from '../../src/engine/pipeline.ts'
import { undisturbed } from '../support/committed.ts'

const PUBLISHED = 14_000
const START_TS = Date.now() - 24 * 3_600_000
const load: Load = createLoad(5, START_TS)
const encoder = new TextEncoder()
const decoder = new TextDecoder()

let settings: Settings
let log: EventLog

beforeAll(async () => {
  const base = chaosConfig({ log: { adapter: 'memory', partitions: 1 }, mqtt: {} })
  settings = loadConfig({ file: undefined, env: {}, flags: {}, modelsDir: '', base }).settings
  const messages = Array.from({ length: PUBLISHED }, (_, number) => load.message(number))
  const isReading = (fate: string) => fate !== 'not-json' && fate !== 'unassigned'
  const readings = messages.flatMap(({ number, fate, topic, payload }) => [
    ...(number % 1000 === 0 ? [tick(number)] : []),
    ...(number === 12_000 ? [command] : []),
    ...(isReading(fate) ? [record(topic.split('/')[1]!, payload)] : []),
  ])
  const pipelines = settings.pipelines.map((pipeline) => makePipeline(pipeline, [], settings.limits, null))
  log = await undisturbed(settings, pipelines, [readings])
  const letters = messages
    .filter(({ fate }) => !isReading(fate))
    .map(({ payload, topic, fate }) =>
      deadLetterRecord(
        settings.log.topics['dead-letters'],
        { reason: fate as 'not-json', detail: '', key: null, value: encoder.encode(payload) },
        { source: 'mqtt', topic, receivedAt: 0 },
      ),
    )
  await log.append(letters)
})

function record(key: string | null, text: string, headers = EMPTY_HEADERS): LogRecord {
  return { offset: 0, timestamp: START_TS, key, value: encoder.encode(text), headers }
}

/** What a person asked for; the alert is none that is open. */
const command = record(
  'pump-01',
  JSON.stringify({
    id: 'c-1',
    command: 'acknowledge',
    asset: 'pump-01',
    alert: 'none',
    by: 'me',
    at: START_TS,
  }),
  { type: 'command' },
)

/** The clock in the log, which tells what is in the future. */
function tick(elapsed: number): LogRecord {
  return record(null, JSON.stringify({ ts: Date.now(), elapsed }), { type: 'tick' })
}

/** The log with another content of a topic. */
function changed(topic: Topic, change: (records: readonly LogRecord[]) => readonly LogRecord[]): EventLog {
  const name = settings.log.topics[topic]
  return {
    ...log,
    async *read(wanted, partition, from, to) {
      const all: LogRecord[] = []
      for await (const records of log.read(wanted, partition, from, to)) all.push(...records)
      yield wanted === name ? change(all) : all
    },
  }
}

async function judged(on: EventLog, accepted: ReadonlySet<string> = new Set(['c-1'])) {
  const acknowledged = new Set(Array.from({ length: PUBLISHED }, (_, number) => number))
  const verdict = await judgeLog(on, settings, { load, published: PUBLISHED, acknowledged, accepted })
  const report = {
    ...verdict,
    ...{ done: {}, published: PUBLISHED, acknowledged: PUBLISHED, reconnects: 0, commands: 0, problems: [] },
    ...{ disturbedSeconds: 0, seconds: 0 },
  }
  const faults = Object.entries(verdict.differences)
    .filter(([, { lost, doubled, different }]) => lost + doubled + different > 0)
    .map(([name, { lost, doubled, different }]) => `${name}: ${lost} ${doubled} ${different}`)
  return { faults, isProof: isProof(report), verdict }
}

const at = Math.floor(PUBLISHED / 200)
const without = (records: readonly LogRecord[]) => records.toSpliced(at, 1)
const twice = (records: readonly LogRecord[]) => records.toSpliced(at, 0, records[at]!)
const swapped = (records: readonly LogRecord[]) =>
  records.with(at, records[at + 1]!).with(at + 1, records[at]!)

function edited(from: string, to: string) {
  return (records: readonly LogRecord[]) => {
    const index = records.findIndex(({ value }) => value && decoder.decode(value).includes(from))
    const record = records[index]!
    const text = decoder.decode(record.value!).replace(from, to)
    return records.with(index, { ...record, value: encoder.encode(text) })
  }
}

test('what an undisturbed engine leaves is a proof', async () => {
  const { faults, isProof: proved, verdict } = await judged(log)
  expect(faults).toEqual([])
  expect(proved).toBe(true)
  expect(verdict.redelivered).toBe(0)
  for (const topic of ['readings', 'scores', 'alerts', 'alert-states', 'dead-letters', 'state']) {
    expect(verdict.records[topic], topic).toBeGreaterThan(0)
  }
})

describe('a fault is found:', () => {
  test.each<[string, Topic, (records: readonly LogRecord[]) => readonly LogRecord[], RegExp]>([
    ['a score lost', 'scores', without, /^windows: [1-9]\d* 0 0,scores: 1 0 0$/],
    ['a score twice', 'scores', twice, /^scores: 0 1 0$/],
    ['two scores swapped', 'scores', swapped, /^scores: 0 0 2$/],
    ['a score of another value', 'scores', edited('"score":0', '"score":1'), /^scores: 0 0 1$/],
    [
      'a reading too many in a window',
      'scores',
      edited('"count":10', '"count":11'),
      /^windows: 0 1 0,scores: 0 0 1$/,
    ],
    ['an alert lost', 'alerts', (all) => all.slice(1), /^alerts: 1 0 0$/],
    ['an alert twice', 'alerts', (all) => [all[0]!, ...all], /^alerts: 0 1 0$/],
    [
      'an alert state lost',
      'alert-states',
      (all) => all.filter(({ key }) => key !== all[0]!.key),
      /^alert-states: 1 0 0$/,
    ],
    [
      'an older alert state',
      'alert-states',
      (all) => [...all, { ...all[0]!, key: all.at(-1)!.key }],
      /^alert-states: 0 0 1$/,
    ],
    ['a dead letter lost', 'dead-letters', (all) => all.slice(1), /dead-letters: 1 0 0$/],
    ['a dead letter twice', 'dead-letters', (all) => [all[0]!, ...all], /^dead-letters: 0 1 0$/],
    ['a dead letter of ingest lost', 'dead-letters', (all) => all.slice(0, -1), /^acknowledged: 1 0 0$/],
    [
      'another state',
      'state',
      (all) => [...all, { ...all.at(-1)!, value: Uint8Array.of(1) }],
      /^state: 0 0 1$/,
    ],
  ])('%s', async (_, topic, change, wanted) => {
    const { faults, isProof: proved } = await judged(changed(topic, change))
    expect(faults.join()).toMatch(wanted)
    expect(proved).toBe(faults.length === 0)
  })

  test('an acknowledged reading that is not on the log', async () => {
    const { faults } = await judged(changed('readings', without))
    expect(faults[0]).toBe('acknowledged: 1 0 0')
    // What was made of it stands where nothing should be.
    expect(faults.length).toBeGreaterThan(1)
  })

  test('a reading of other bytes', async () => {
    const { faults } = await judged(changed('readings', edited('"vibration":', '"vibration": ')))
    expect(faults[0]).toBe('acknowledged: 1 0 1')
  })
})

test('a command that was accepted and is not on the log, or stands there twice', async () => {
  const { faults } = await judged(log, new Set(['c-1', 'c-2']))
  expect(faults).toEqual(['acknowledged: 1 0 0'])
  const isCommand = ({ headers }: LogRecord) => headers.type === 'command'
  const again = await judged(changed('readings', (all) => [...all, ...all.filter(isCommand)]))
  expect(again.faults[0]).toBe('acknowledged: 0 1 0')
})

test('a reading that MQTT brought twice is no fault, but the engine must tell it', async () => {
  const { verdict } = await judged(changed('readings', twice))
  expect(verdict.redelivered).toBe(1)
  expect(verdict.differences.acknowledged).toMatchObject({ lost: 0, doubled: 0, different: 0 })
})
