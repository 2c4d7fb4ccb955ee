/** State on disk and another config: what is closed, kept or discarded, and that it happens once (law 7). */
import { expect, test } from 'vitest'
import type { PipelineSettings } from '../../src/config/settings.ts'
import type { LogRecord, NewRecord } from '../../src/core/ports.ts'
import type { Alert, AlertEvent } from '../../src/core/records.ts'
import type { Changed } from '../../src/core/state.ts'
import { makePipeline } from '../../src/engine/pipeline.ts'
import { createWorker } from '../../src/engine/worker.ts'
import { LIMITS, pipelineSettings } from '../support/pipeline-settings.ts'
import { smallModel } from '../support/small-net.ts'
import { batchOf, stored } from '../support/undisturbed-worker.ts'
import { createWorld } from '../support/world.ts'

const T = 1_700_000_000_000
const { topics } = createWorld(1)
const window = { sizeMs: 1000, hopMs: 1000, latenessMs: 0, idleMs: 2000 }
const [risk] = pipelineSettings().alerts
const rule = { ...risk!, onDelay: { windows: 1 } }
const before = pipelineSettings({
  window,
  alerts: [
    { ...rule, rule: 'risk' },
    { ...rule, rule: 'hot' },
  ],
})

/** A worker of one pipeline, or of one with another name, over the state that the one before has left. */
async function workerOf(settings: PipelineSettings, state: Map<string, Uint8Array>, committed: number) {
  const pipelines = [
    makePipeline(
      settings,
      [],
      LIMITS,
      smallModel({
        sizeMs: settings.window === window ? 1000 : 2000,
        hopMs: settings.window === window ? 1000 : 2000,
      }),
    ),
  ]
  const changed: Changed[] = []
  const worker = createWorker({
    group: 'engine',
    partition: 0,
    topics,
    pipelines,
    limits: { ...LIMITS, snapshotRecords: 1000 },
    observer: {
      restored: (_, restored) => void changed.push(...(restored?.changed ?? [])),
      inferred() {},
      committed() {},
    },
  })
  await worker.restore(stored(state), committed)
  return { worker, changed }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

function reading(offset: number, ts: number, temperature: number): LogRecord {
  const value = encoder.encode(JSON.stringify({ asset: 'pump-1', ts, values: { temperature } }))
  return { offset, timestamp: T, key: 'pump-1', value, headers: {} }
}

function keep(state: Map<string, Uint8Array>, records: readonly NewRecord[]): void {
  for (const { key, value } of records) {
    if (value) state.set(key!, value)
    else state.delete(key!)
  }
}

function events(emit: readonly NewRecord[]): AlertEvent[] {
  const alerts = emit.filter(({ topic }) => topic === topics.alerts)
  return alerts.map(({ value }) => JSON.parse(decoder.decode(value!)) as AlertEvent)
}

/** Both rules have an alert, a window is open, and the worker has stopped in order. */
async function afterAlerts(): Promise<Map<string, Uint8Array>> {
  const state = new Map<string, Uint8Array>()
  const { worker } = await workerOf(before, state, 0)
  const { emit, state: first } = await worker.process(
    batchOf(topics.readings, 0, [reading(0, T, 120), reading(1, T + 1000, 120)]),
  )
  keep(state, first)
  expect(events(emit).map(({ type, data }) => [type, data.rule])).toEqual([
    ['forewarn.alert.raised', 'risk'],
    ['forewarn.alert.raised', 'hot'],
  ])
  keep(state, (await worker.conclude!(2)).state)
  return state
}

test('a rule that is in the config no more ends its open alert once; the others go on', async () => {
  const state = await afterAlerts()
  const now = { ...before, alerts: before.alerts.slice(0, 1) }
  const { worker, changed } = await workerOf(now, state, 2)
  expect(changed).toEqual([
    { pipeline: 'pumps', what: 'rules', assets: 1, discardedWindows: 0, keptAlerts: 1, endedAlerts: 1 },
  ])
  const effects = await worker.process(batchOf(topics.readings, 0, [reading(2, T + 1500, 120)]))
  expect(events(effects.emit)).toMatchObject([
    {
      id: `pump-1:hot:${T + 1000}:2`,
      type: 'forewarn.alert.closed',
      data: { rule: 'hot', state: 'closed', closedBecause: 'removed' },
    },
  ])
  const [standing] = effects.emit.filter(({ topic }) => topic === topics['alert-states'])
  expect(standing!.key).toBe('pump-1/hot')
  expect((JSON.parse(decoder.decode(standing!.value!)) as Alert).state).toBe('closed')
  // The state that is committed with it knows nothing of it any more: a crash now ends it no second time.
  keep(state, effects.state)
  const again = await workerOf(now, state, 3)
  expect(again.changed).toEqual([])
  const { emit } = await again.worker.process(batchOf(topics.readings, 0, [reading(3, T + 1600, 120)]))
  expect(events(emit)).toEqual([])
})

test('nothing is ended while the log is read again; a stop in good order ends it too', async () => {
  const state = await afterAlerts()
  const { worker } = await workerOf({ ...before, alerts: [] }, state, 3)
  const replay = await worker.process(batchOf(topics.readings, 0, [reading(2, T + 1500, 120)], true))
  expect([replay.emit, replay.state]).toEqual([[], []])
  const { emit, state: last } = await worker.conclude!(3)
  expect(events(emit).map(({ data }) => [data.rule, data.state])).toEqual([
    ['risk', 'closed'],
    ['hot', 'closed'],
  ])
  expect(last.length).toBeGreaterThan(0)
})

test('a pipeline that is in the config no more ends its alerts and says what is discarded', async () => {
  const state = await afterAlerts()
  const { worker, changed } = await workerOf({ ...before, name: 'others' }, state, 2)
  expect(changed).toEqual([
    { pipeline: 'pumps', what: 'removed', assets: 1, discardedWindows: 1, keptAlerts: 0, endedAlerts: 2 },
  ])
  const { emit } = await worker.process(batchOf(topics.readings, 0, [reading(2, T + 1500, 120)]))
  expect(events(emit).map(({ data }) => data.closedBecause)).toEqual(['removed', 'removed'])
})

test('a changed window discards what is open and keeps the alerts', async () => {
  const state = await afterAlerts()
  const wider = { ...window, sizeMs: 2000, hopMs: 2000, idleMs: 4000 }
  const { worker, changed } = await workerOf({ ...before, window: wider }, state, 2)
  expect(changed).toEqual([
    { pipeline: 'pumps', what: 'definition', assets: 1, discardedWindows: 1, keptAlerts: 2, endedAlerts: 0 },
  ])
  const { emit } = await worker.process(batchOf(topics.readings, 0, [reading(2, T + 4000, 120)]))
  expect(events(emit)).toEqual([])
})
