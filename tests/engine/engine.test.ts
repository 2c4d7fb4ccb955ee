import { afterEach, expect, test } from 'vitest'
import type { NewRecord } from '../../src/core/ports.ts'
import { topicNames } from '../../src/core/topics.ts'
import { type Engine, type EngineOptions, startEngine } from '../../src/engine/engine.ts'
import { makePipeline } from '../../src/engine/pipeline.ts'
import { createMemoryLog, type MemoryLog } from '../../src/eventlog/memory.ts'
import { LIMITS, pipelineSettings } from '../support/pipeline-settings.ts'

const T = 1_700_000_000_000
const topics = topicNames('t.')
const encoder = new TextEncoder()

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function openLog(): MemoryLog {
  const log = createMemoryLog({ partitions: 2, topics, group: 'g' })
  closing.push(() => log.close())
  return log
}

function start(log: MemoryLog, options: Partial<EngineOptions> = {}): Engine {
  const engine = startEngine({
    log,
    group: 'g',
    topics,
    pipelines: [makePipeline(pipelineSettings(), [], LIMITS, null)],
    limits: LIMITS,
    ticksMs: null,
    untilCaughtUp: false,
    clock: { now: () => T, monotonic: () => performance.now() },
    observer: { restored() {}, inferred() {}, committed() {} },
    append: (records, done) => {
      log.append(records).then(done, done)
    },
    onError(error) {
      throw error
    },
    ...options,
  })
  closing.push(() => engine.stop())
  return engine
}

function reading(asset: string, ts: number): NewRecord {
  const value = encoder.encode(JSON.stringify({ asset, ts, values: { temperature: 50 } }))
  return { topic: topics.readings, key: asset, value }
}

async function count(log: MemoryLog, topic: string): Promise<number> {
  const bounds = await log.bounds(topic)
  return bounds.reduce((sum, { start: from, end }) => sum + end - from, 0)
}

/** Waits until it is so; the test's own time limit ends it. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 2))
}

test('it works to the end of the log as it was, and ends by itself', async () => {
  const log = openLog()
  const assets = ['pump-1', 'pump-2', 'pump-3', 'pump-4']
  for (const ts of [T, T + 60_000]) await log.append(assets.map((asset) => reading(asset, ts)))
  const engine = start(log, { untilCaughtUp: true, ticksMs: 1 })
  await engine.done
  expect(await count(log, topics.scores)).toBe(4)
  expect(await count(log, topics.readings)).toBe(8)
})

test('it goes on with what comes, and says what it owns and how far behind it is', async () => {
  const log = openLog()
  const engine = start(log)
  await until(() => engine.owned().length === 2)
  await log.append([reading('pump-1', T), reading('pump-1', T + 60_000)])
  await until(async () => (await count(log, topics.scores)) === 1)
  await until(async () => [...(await engine.lag()).values()].every((lag) => lag === 0))
  expect([...engine.owned()].sort()).toEqual([0, 1])
})

test('it appends ticks to the partitions it owns until it is stopped', async () => {
  const log = openLog()
  const engine = start(log, { ticksMs: 5 })
  await until(async () => (await log.bounds(topics.readings)).every(({ end }) => end >= 3))
  await engine.stop()
  const ticks = await count(log, topics.readings)
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(await count(log, topics.readings)).toBe(ticks)
})

test('a stopped engine hands over to the next where it committed', async () => {
  const log = openLog()
  const first = start(log)
  await log.append([reading('pump-1', T)])
  await until(
    async () => first.owned().length === 2 && [...(await first.lag()).values()].every((lag) => lag === 0),
  )
  await first.stop()
  await log.append([reading('pump-1', T + 60_000)])
  start(log)
  await until(async () => (await count(log, topics.scores)) === 1)
})
