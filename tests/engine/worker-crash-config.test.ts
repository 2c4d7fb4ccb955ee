/**
 * A crash and another config at the same time: the log between the snapshot and the position is read again under rules that
 * it was not processed with. Whoever follows the alerts hears of each one in order, and of none that nobody ends.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PipelineSettings } from '../../src/config/settings.ts'
import { EMPTY_HEADERS, type LogRecord, type NewRecord } from '../../src/core/ports.ts'
import type { Alert, AlertEvent } from '../../src/core/records.ts'
import { INGEST } from '../../src/core/silence.ts'
import { topicNames } from '../../src/core/topics.ts'
import { makePipeline } from '../../src/engine/pipeline.ts'
import { createWorker } from '../../src/engine/worker.ts'
import { LIMITS, pipelineSettings } from '../support/pipeline-settings.ts'
import { smallModel } from '../support/small-net.ts'
import { batchOf, stored } from '../support/undisturbed-worker.ts'

const T = 1_700_000_000_000
const SECOND = 1000
const topics = topicNames('')
const window = { sizeMs: SECOND, hopMs: SECOND, latenessMs: 0, idleMs: 2 * SECOND }
const [risk] = pipelineSettings().alerts

/** The net scores 0.5 at 59 degrees and nearly 1 at 120. */
const rule = (name: string, above: number, windows = 1) => ({
  ...risk!,
  rule: name,
  above,
  clearBelow: above,
  onDelay: { windows },
})
const noData = { afterMs: 3 * SECOND, severity: 'low' } as const
const config = (change: Partial<PipelineSettings>) => pipelineSettings({ window, ...change })

const BOTH = config({ alerts: [rule('risk', 0.7), rule('hot', 0.9)], noData })
const WITHOUT_HOT = config({ alerts: [rule('risk', 0.7)], noData })
const HIGHER = config({ alerts: [rule('risk', 0.9999), rule('hot', 0.9)], noData })
const CONFIGS = [
  BOTH,
  WITHOUT_HOT,
  HIGHER,
  config({ alerts: [rule('risk', 0.4), rule('hot', 0.7, 2)] }),
  config({ alerts: [], noData: { ...noData, afterMs: 5 * SECOND } }),
  config({ name: 'others', alerts: [rule('hot', 0.7)], noData }),
  config({ assets: 'pump-1', alerts: [rule('risk', 0.7)], noData }),
  config({ window: { ...window, sizeMs: 2 * SECOND, hopMs: 2 * SECOND, idleMs: 3 * SECOND } }),
]

interface Life {
  readonly settings: PipelineSettings
  /** Sizes of the batches that are committed. */
  readonly batches: readonly number[]
  /** It ends in good order; else one more batch is processed, and lost. */
  readonly concludes: boolean
  readonly snapshotRecords: number
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

function recordOf(offset: number, value: object, key: string | null, type?: string): LogRecord {
  const headers = type === undefined ? EMPTY_HEADERS : { type }
  return { offset, timestamp: T, key, value: encoder.encode(JSON.stringify(value)), headers }
}

/** Lives of a worker on one partition, each from what the one before has committed. @returns all that was emitted */
async function live(log: readonly LogRecord[], lives: readonly Life[]): Promise<NewRecord[]> {
  const state = new Map<string, Uint8Array>()
  const emitted: NewRecord[] = []
  let position = 0
  const commit = (effects: { emit: readonly NewRecord[]; state: readonly NewRecord[] }) => {
    emitted.push(...effects.emit)
    for (const { key, value } of effects.state) {
      if (value) state.set(key!, value)
      else state.delete(key!)
    }
  }
  for (const { settings, batches, concludes, snapshotRecords } of lives) {
    const { window: shape } = settings
    const model = 'sizeMs' in shape ? smallModel({ sizeMs: shape.sizeMs, hopMs: shape.hopMs }) : null
    const worker = createWorker({
      group: 'engine',
      partition: 0,
      topics,
      pipelines: [makePipeline(settings, [], LIMITS, model)],
      limits: { ...LIMITS, snapshotRecords },
      observer: { restored() {}, inferred() {}, committed() {} },
    })
    const from = await worker.restore(stored(state), position)
    const before = log.slice(from, position)
    if (before.length > 0) await worker.process(batchOf(topics.readings, 0, before, true))
    for (const size of batches) {
      const records = log.slice(position, position + size)
      if (records.length === 0) break
      commit(await worker.process(batchOf(topics.readings, 0, records)))
      position += records.length
    }
    if (concludes) commit(await worker.conclude!(position))
    else if (position < log.length) await worker.process(batchOf(topics.readings, 0, log.slice(position)))
  }
  return emitted
}

const valuesOn = <Value>(emit: readonly NewRecord[], topic: string) =>
  emit
    .filter((record) => record.topic === topic)
    .map(({ value }) => JSON.parse(decoder.decode(value!)) as Value)

const told = (emit: readonly NewRecord[]) =>
  valuesOn<AlertEvent>(emit, topics.alerts).map(
    ({ id, type }) => `${type.slice('forewarn.alert.'.length)} ${id}`,
  )

/** Readings of a machine, one a second, each at this many degrees. */
const degrees = (...all: readonly number[]) =>
  all.map((temperature, i) =>
    recordOf(i, { asset: 'pump-1', ts: T + i * SECOND, values: { temperature } }, 'pump-1'),
  )

const crash = { concludes: false, snapshotRecords: 1000 }
const stop = { concludes: true, snapshotRecords: 1000 }

test.each([
  ['after a snapshot', [{ settings: BOTH, batches: [1], ...stop }]],
  ['before the first snapshot', []],
])(
  'a rule that is gone when the engine comes back from a crash %s ends its alert',
  async (_, lives: readonly Life[]) => {
    const log = degrees(20, 120, 120, 120, 120)
    const emitted = await live(log, [
      ...lives,
      { settings: BOTH, batches: [3], ...crash },
      { settings: WITHOUT_HOT, batches: [1], ...crash },
      { settings: WITHOUT_HOT, batches: [1], ...stop },
    ])
    expect(told(emitted)).toEqual([
      `raised pump-1:risk:${T + 2 * SECOND}:1`,
      `raised pump-1:hot:${T + 2 * SECOND}:1`,
      `closed pump-1:hot:${T + 2 * SECOND}:2`,
    ])
  },
)

test('an alert that the new rule would not have raised is open until it clears', async () => {
  const emitted = await live(degrees(20, 120, 120, 120, 20, 20), [
    { settings: BOTH, batches: [1], ...stop },
    { settings: BOTH, batches: [2], ...crash },
    { settings: { ...WITHOUT_HOT, alerts: HIGHER.alerts }, batches: [9], ...stop },
  ])
  const name = `pump-1:risk:${T + 2 * SECOND}`
  expect(told(emitted).filter((line) => line.includes('risk'))).toEqual([
    `raised ${name}:1`,
    `cleared ${name}:2`,
  ])
})

test('an alert that the new rule would have raised is raised by the next window, for all to hear', async () => {
  const emitted = await live(degrees(20, 120, 120, 120, 120), [
    { settings: HIGHER, batches: [1], ...stop },
    { settings: HIGHER, batches: [2], ...crash },
    { settings: BOTH, batches: [9], ...stop },
  ])
  expect(told(emitted).filter((line) => line.includes('risk'))).toEqual([
    `raised pump-1:risk:${T + 3 * SECOND}:1`,
  ])
})

const life = fc.record({
  settings: fc.constantFrom(...CONFIGS),
  batches: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 6 }),
  concludes: fc.boolean(),
  snapshotRecords: fc.constantFrom(3, 1000),
})
const moment = fc.record({
  asset: fc.constantFrom('pump-1', 'pump-2'),
  temperature: fc.constantFrom(20, 60, 120),
  what: fc.constantFrom('reading', 'reading', 'reading', 'tick', 'silence'),
})

test('whatever crashes and configs come together: events of an alert in order, none open that nobody knows', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(moment, { maxLength: 80 }),
      fc.array(life, { minLength: 2, maxLength: 5 }),
      async (moments, lives) => {
        let nowMs = T
        const log = moments.map(({ asset, temperature, what }, offset) => {
          const elapsed = what === 'silence' ? 4 * SECOND : SECOND
          nowMs += elapsed
          return what === 'reading'
            ? recordOf(offset, { asset, ts: nowMs, values: { temperature } }, asset)
            : recordOf(offset, { ts: nowMs, elapsed }, null, 'tick')
        })
        const last = {
          settings: lives[0]!.settings,
          batches: [log.length],
          concludes: true,
          snapshotRecords: 3,
        }
        const emitted = await live(log, [...lives, last])
        const open = new Map<string, { alert: string; n: number }>()
        for (const { id, type, data } of valuesOn<AlertEvent>(emitted, topics.alerts)) {
          const key = `${data.asset}/${data.rule}`
          const before = open.get(key)
          const n = Number(id.slice(data.alert.length + 1))
          if (type === 'forewarn.alert.raised') expect([before, n]).toEqual([undefined, 1])
          else expect(before).toEqual({ alert: data.alert, n: n - 1 })
          if (data.state === 'closed') open.delete(key)
          else open.set(key, { alert: data.alert, n })
        }
        const standing = new Map(
          valuesOn<Alert>(emitted, topics['alert-states']).map((alert) => [
            `${alert.asset}/${alert.rule}`,
            alert,
          ]),
        )
        const names = [
          ...last.settings.alerts.map((one) => one.rule),
          ...(last.settings.noData ? ['no-data'] : []),
        ]
        for (const { asset, rule: name, state, pipeline } of standing.values()) {
          // That nobody speaks is told under any pipeline.
          if (state !== 'closed' && asset !== INGEST)
            expect([names, pipeline]).toEqual([expect.arrayContaining([name]), last.settings.name])
        }
      },
    ),
    { numRuns: 100 },
  )
})
