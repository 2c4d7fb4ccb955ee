/** The appender: in order, one append at a time, durable before it is told, nothing dropped. */
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { failure } from '../../src/core/errors.ts'
import type { NewRecord } from '../../src/core/ports.ts'
import { type Appender, type AppenderOptions, createAppender } from '../../src/eventlog/appender.ts'
import { createMemoryLog, type MemoryLog } from '../../src/eventlog/memory.ts'
import { GROUP, hasty, PARTITIONS, readTopic, record, shown, TOPICS, until } from './harness.ts'

let log: MemoryLog
/** Sizes of the appends that the log was asked for. */
let appends: number[]
/** Thrown by the next appends, one each; `null` passes. */
let faults: (Error | null)[]
/** Held while it is not resolved. */
let gate: Promise<void>

const options: AppenderOptions = {
  batchRecords: 5,
  waitMs: 100,
  pendingRecords: 1000,
  pendingBytes: 1e9,
  scheduler: hasty,
}

const one = (value: string): NewRecord => record(TOPICS.readings, 'k', value, 0)

function appender(change: Partial<AppenderOptions> = {}): Appender {
  let busy = false
  const append = async (records: readonly NewRecord[]) => {
    expect(busy).toBe(false)
    busy = true
    appends.push(records.length)
    await gate
    busy = false
    const fault = faults.shift()
    if (fault) throw fault
    return log.append(records)
  }
  return createAppender({ append }, { ...options, ...change })
}

beforeEach(() => {
  log = createMemoryLog({ partitions: PARTITIONS, topics: TOPICS, group: GROUP })
  appends = []
  faults = []
  gate = Promise.resolve()
})
afterEach(() => log.close())

const written = async () => shown(await readTopic(log, TOPICS.readings)).map((text) => text.slice(2))

test('records are gathered by time, told in the order of adding, and in the log when they are told', async () => {
  const queue = appender()
  const done: string[] = []
  for (const value of ['1', '2', '3']) {
    queue.add([one(value)], (error) => {
      expect(error).toBe(null)
      done.push(value)
    })
  }
  expect(queue.pending()).toMatchObject({ records: 3 })
  expect(appends).toEqual([])
  await until(() => done.length === 3)
  expect(done).toEqual(['1', '2', '3'])
  expect(await written()).toEqual(['1', '2', '3'])
  expect(appends).toEqual([3])
  expect(queue.pending()).toEqual({ records: 0, bytes: 0 })
  await queue.close()
})

test('enough records are written at once; an add is never split; one append at a time', async () => {
  const queue = appender({ waitMs: 1e9 })
  let release = () => {}
  gate = new Promise((resolve) => {
    release = resolve
  })
  const many = Array.from({ length: 12 }, (_, i) => one(`many${i}`))
  const all = [queue.append([one('a'), one('b')]), queue.append(many)]
  for (let i = 0; i < 5; i++) all.push(queue.append([one(`later${i}`)]))
  await until(() => appends.length === 1)
  expect(appends).toEqual([14])
  release()
  await Promise.all(all)
  expect(appends).toEqual([14, 5])
  expect((await written()).slice(14)).toEqual(['later0', 'later1', 'later2', 'later3', 'later4'])
  await queue.close()
})

test('an add of no records is told in its turn', async () => {
  const queue = appender()
  await queue.append([])
  expect(appends).toEqual([])
  await queue.close()
})

test('a record that the log can never take fails its own add alone', async () => {
  const queue = appender()
  const results = await Promise.allSettled([
    queue.append([one('good')]),
    queue.append([{ ...one('bad'), topic: 'nowhere' }]),
    queue.append([one('also good')]),
  ])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(results[1]).toMatchObject({ reason: { code: 'input' } })
  expect(await written()).toEqual(['good', 'also good'])
  await queue.close()
})

test.each(['log-full', 'log-unavailable'] as const)(
  '%s: it keeps what it holds and tries until it works',
  async (code) => {
    const changes: (string | null)[] = []
    const queue = appender({ onChange: () => changes.push(queue.blocked()?.code ?? null) })
    faults = Array.from({ length: 4 }, () => failure(code, 'not now'))
    const done = queue.append([one('1')])
    await until(() => appends.length >= 2)
    expect(queue.blocked()).toMatchObject({ code, message: 'not now' })
    expect(await written()).toEqual([])
    await done
    expect(queue.blocked()).toBe(null)
    expect(changes).toEqual([code, null])
    expect(appends).toEqual([1, 1, 1, 1, 1])
    await queue.close()
  },
)

test('a log that does not answer is told, and waited for', async () => {
  let release = () => {}
  gate = new Promise((resolve) => {
    release = resolve
  })
  const queue = appender()
  const held = queue.append([one('1')])
  await until(() => queue.blocked() !== null)
  expect(queue.blocked()).toMatchObject({ code: 'log-unavailable', message: expect.stringContaining('10 s') })
  release()
  await held
  expect(queue.blocked()).toBe(null)
  expect(await written()).toEqual(['1'])
  await queue.close()
})

test('the gate closes beyond the limits and opens at half of them', async () => {
  const changes: boolean[] = []
  let release = () => {}
  gate = new Promise((resolve) => {
    release = resolve
  })
  const queue = appender({ pendingRecords: 10, onChange: () => changes.push(queue.open()) })
  const all = Array.from({ length: 11 }, (_, i) => queue.append([one(`${i}`)]))
  expect([queue.open(), queue.pending().records]).toEqual([false, 11])
  release()
  await Promise.all(all)
  expect(changes).toEqual([false, true])
  const bytes = appender({ pendingBytes: 1000 })
  const large = bytes.append([one('x'.repeat(2000))])
  expect(bytes.open()).toBe(false)
  await large
  expect(bytes.open()).toBe(true)
  await Promise.all([queue.close(), bytes.close()])
})

test('close writes what is held, then takes nothing more', async () => {
  const queue = appender({ waitMs: 1e9 })
  const held = queue.append([one('held')])
  await queue.close()
  await held
  expect(await written()).toEqual(['held'])
  await expect(queue.append([one('too late')])).rejects.toMatchObject({ code: 'unavailable' })
})

test('close does not wait for a log that stays away: what is held fails with its reason', async () => {
  const queue = appender()
  faults = Array.from({ length: 100 }, () => failure('log-unavailable', 'away'))
  const held = [queue.append([one('1')]), queue.append([one('2')])]
  await until(() => queue.blocked() !== null)
  held.push(queue.append([one('3')]))
  const results = Promise.allSettled(held)
  await queue.close()
  expect(await results).toMatchObject(
    Array(3).fill({ status: 'rejected', reason: { code: 'log-unavailable' } }),
  )
  expect(queue.pending()).toEqual({ records: 0, bytes: 0 })
})

test('whatever the sizes, pauses and failures: everything once, in order, told after it is written', async () => {
  const add = fc.record({ size: fc.integer({ min: 0, max: 8 }), wait: fc.boolean(), fails: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(add, { maxLength: 25 }), async (adds) => {
      log = createMemoryLog({ partitions: PARTITIONS, topics: TOPICS, group: GROUP })
      faults = adds.map(({ fails }) => (fails ? failure('log-full', 'full') : null))
      const queue = appender({ waitMs: 20 })
      const told: number[] = []
      let next = 0
      for (const [index, { size, wait }] of adds.entries()) {
        const records = Array.from({ length: size }, () => one(`${next++}`))
        const upTo = next
        queue.add(records, (error) => {
          expect(error).toBe(null)
          told.push(index)
          expect(queue.pending().records).toBe(next - upTo)
        })
        if (wait) await new Promise((resolve) => setImmediate(resolve))
      }
      await until(() => told.length === adds.length)
      expect(told).toEqual(adds.map((_, index) => index))
      expect(await written()).toEqual(Array.from({ length: next }, (_, i) => `${i}`))
      await queue.close()
    }),
    { numRuns: 60 },
  )
})
