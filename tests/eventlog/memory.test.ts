/** The memory log keeps the laws, and breaks them where a test tells it to. */
import { expect, test } from 'vitest'
import { createMemoryLog, type FaultPoint, type MemoryLogOptions } from '../../src/eventlog/memory.ts'
import { eventLogLaws } from './contract.ts'
import {
  catchUp,
  effects,
  GROUP,
  hasty,
  type MakeSubject,
  PARTITIONS,
  readTopic,
  received,
  record,
  shown,
  TOPICS,
  until,
  watch,
} from './harness.ts'

const base: MemoryLogOptions = { partitions: PARTITIONS, topics: TOPICS, group: GROUP, scheduler: hasty }

const make: MakeSubject = async (options = {}) => {
  const log = createMemoryLog({ ...base, ...options })
  return {
    log,
    restart: async () => log.crash(),
    retain: log.retain,
    dispose: () => log.close(),
  }
}

eventLogLaws('memory', make, { modelRuns: 150 })

const values = (count: number) => Array.from({ length: count }, (_, i) => `${i}`)

/** A log with some readings, that fails `times` times at a point. */
async function faulty(point: FaultPoint, times: number, atomic = true) {
  let left = 0
  const fault = (at: FaultPoint) => {
    if (at === point && left-- > 0) throw new Error(`fault at ${at}`)
  }
  const log = createMemoryLog({ ...base, fault, atomic })
  await log.append(values(9).map((value) => record(TOPICS.readings, 'k', value, 0)))
  left = times
  return log
}

const copying = {
  process: (batch: Parameters<typeof effects>[0]) =>
    effects(batch, {
      emit: [...batch.records].map(({ offset }) => record(TOPICS.scores, 'k', `${offset}`)),
      state: [record(TOPICS.state, 'upto', `${batch.nextOffset}`)],
    }),
}

test.each(['before-commit', 'mid-commit', 'after-commit'] as const)(
  'a fault %s leaves all of the commit or nothing of it',
  async (point) => {
    const log = await faulty(point, 3)
    const { errors } = await catchUp(log, { batchRecords: 4 }, copying)
    expect(errors.map(({ message }) => message)).toEqual(Array(3).fill(`fault at ${point}`))
    expect(shown(await readTopic(log, TOPICS.scores))).toEqual(values(9).map((value) => `k=${value}`))
    expect(shown(await readTopic(log, TOPICS.state))).toEqual(['upto=9'])
  },
)

test('without the atomic commit a fault in the middle doubles effects: the simulation must notice', async () => {
  const log = await faulty('mid-commit', 1, false)
  await catchUp(log, { batchRecords: 4 }, copying)
  expect(shown(await readTopic(log, TOPICS.scores)).length).toBeGreaterThan(9)
})

test('a fault in append writes nothing', async () => {
  const log = await faulty('append', 1)
  await expect(log.append([record(TOPICS.readings, 'k', 'x', 0)])).rejects.toThrow('fault at append')
  expect(await readTopic(log, TOPICS.readings)).toHaveLength(9)
})

test('a crash between process and commit: nothing of it is kept, nothing is closed, the next life goes on', async () => {
  const log = await faulty('append', 0)
  let finish: (() => void) | null = null
  const { follower, seen } = watch(
    log,
    { batchRecords: 4 },
    {
      process: async (batch) => {
        const done = copying.process(batch)
        if ([...batch.records][0]!.offset !== 4) return done
        await new Promise<void>((resolve) => {
          finish = resolve
        })
        return done
      },
    },
  )
  await until(() => finish !== null)
  log.crash()
  await follower.done
  const next = await catchUp(log, {}, copying)
  finish!()
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(received(next.seen)).toEqual(['k=4', 'k=5', 'k=6', 'k=7', 'k=8'])
  expect(shown(await readTopic(log, TOPICS.scores))).toEqual(values(9).map((value) => `k=${value}`))
  expect(seen.some(({ closed }) => closed)).toBe(false)
})
