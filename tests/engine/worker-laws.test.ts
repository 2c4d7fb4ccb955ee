import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRandom, type Random } from '../../simulators/random.ts'
import { EMPTY_HEADERS, type LogRecord, type NewRecord } from '../../src/core/ports.ts'
import type { AlertEvent } from '../../src/core/records.ts'
import type { WorkerFigures } from '../../src/engine/worker.ts'
import {
  batchOf,
  observedWorker,
  recordText,
  stateText,
  stored,
  undisturbed,
} from '../support/undisturbed-worker.ts'
import { createWorld, type World } from '../support/world.ts'

const decoder = new TextDecoder()

/** What arrives in one partition of a world; offsets have holes, as on Kafka. */
async function recordsOf(world: World, random: Random, steps: number): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  const open = new Set<string>()
  const worker = observedWorker(world, 0, () => undefined)
  await worker.restore(stored(new Map()), 0)
  let offset = 0
  for (let step = 0; step < steps; step++) {
    for (const { key, value, headers = EMPTY_HEADERS, partition = 0 } of world.next([...open])) {
      if (partition !== 0) continue
      const record = { offset, timestamp: world.nowMs(), key, value, headers }
      offset += 1 + random.below(2)
      records.push(record)
      const { emit } = await worker.process(batchOf(world.topics.readings, 0, [record]))
      for (const { alert, state } of alertsIn(world, emit)) {
        if (state === 'closed') open.delete(alert)
        else open.add(alert)
      }
    }
  }
  return records
}

function alertsIn(world: World, emit: readonly NewRecord[]): AlertEvent['data'][] {
  const events = emit.filter(({ topic }) => topic === world.topics.alerts)
  return events.map(({ value }) => (JSON.parse(decoder.decode(value!)) as AlertEvent).data)
}

/** Order is kept within a topic; how topics interleave depends on the batch. */
function textsByTopic(records: readonly NewRecord[]): Record<string, string[]> {
  const texts: Record<string, string[]> = {}
  for (const record of records) {
    texts[record.topic] ??= []
    texts[record.topic]!.push(recordText(record))
  }
  return texts
}

/** Cuts into batches of random sizes. */
function* batches(records: readonly LogRecord[], random: Random): Generator<readonly LogRecord[]> {
  for (let at = 0; at < records.length; ) {
    const size = 1 + random.below(random.below(4) === 0 ? 60 : 6)
    yield records.slice(at, at + size)
    at += size
  }
}

interface Disturbed {
  readonly emitted: readonly NewRecord[]
  readonly state: string
  readonly restores: number
}

/** The same records in random batches, with a crash before or after some of the commits. */
async function disturbed(world: World, records: readonly LogRecord[], random: Random): Promise<Disturbed> {
  const state = new Map<string, Uint8Array>()
  const emitted: NewRecord[] = []
  const topic = world.topics.readings
  let figures: WorkerFigures | null = null
  let committed = 0
  let restores = 0
  const crashes = random.uniform() / 2

  async function live(): Promise<void> {
    const worker = observedWorker(world, 0, (seen) => {
      figures = seen
    })
    restores++
    const from = await worker.restore(stored(state), committed)
    expect(from).toBeLessThanOrEqual(committed)
    const again = records.filter(({ offset }) => offset >= from && offset < committed)
    for (const batch of batches(again, random)) {
      const { state: none } = await worker.process(batchOf(topic, 0, batch, true))
      expect(none).toEqual([])
    }
    for (const batch of batches(
      records.filter(({ offset }) => offset >= committed),
      random,
    )) {
      if (random.uniform() < crashes) return
      const { emit, state: changes, keepFrom } = await worker.process(batchOf(topic, 0, batch))
      if (random.uniform() < crashes) return
      expect(keepFrom).toBeLessThanOrEqual(batch.at(-1)!.offset + 1)
      for (const { key, value } of changes) {
        if (value) state.set(key!, value)
        else state.delete(key!)
      }
      emitted.push(...emit)
      committed = batch.at(-1)!.offset + 1
      worker.committed?.(batchOf(topic, 0, batch))
    }
  }

  while (committed <= (records.at(-1)?.offset ?? -1)) await live()
  return { emitted, state: figures === null ? '' : stateText(world, figures), restores }
}

test('batches and crashes do not matter: the same records give the same bytes and the same state', async () => {
  let restores = 0
  let alerts = 0
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const random = createRandom(seed, 'worker')
      const world = createWorld(seed)
      const records = await recordsOf(world, random, 80)
      const oracle = await undisturbed(world, 0, records)
      alerts += alertsIn(world, oracle.emit).length
      for (let i = 0; i < 2; i++) {
        const outcome = await disturbed(world, records, random)
        expect(textsByTopic(outcome.emitted)).toEqual(textsByTopic(oracle.emit))
        expect(outcome.state).toBe(stateText(world, oracle.figures))
        restores += outcome.restores
      }
    }),
    { numRuns: 60 },
  )
  // The property is worth something only if there was something to disturb.
  expect(restores).toBeGreaterThan(200)
  expect(alerts).toBeGreaterThan(50)
}, 60_000)
