/** Laws of following: order, batches, progress, replay. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  catchUp,
  effects,
  inPartition,
  type MakeSubject,
  numbers,
  PARTITIONS,
  readTopic,
  received,
  record,
  type Subject,
  shown,
  TOPICS,
  until,
  watch,
} from './harness.ts'

export function followLaws(make: MakeSubject): void {
  let subject: Subject
  beforeEach(async () => {
    subject = await make()
  })
  afterEach(() => subject.dispose())

  batches(() => subject)
  progress(() => subject)
  replays(() => subject)
  restores(() => subject)
}

function batches(subject: () => Subject): void {
  test('every record comes once, in order, in batches that are never empty nor too large', async () => {
    const { log } = subject()
    for (const [from, to] of [
      [0, 7],
      [7, 8],
      [8, 50],
    ] as const) {
      await log.append(inPartition(1, numbers(from, to)))
    }
    const { seen, errors } = await catchUp(log, { batchRecords: 9 })
    expect(received(seen)).toEqual(numbers(0, 50).map((value) => `k=${value}`))
    for (const { batches } of seen) {
      for (const { records, nextOffset, replay, topic, partition } of batches) {
        expect(records.length).toBeGreaterThan(0)
        expect(records.length).toBeLessThanOrEqual(9)
        expect(nextOffset).toBeGreaterThan([...records].at(-1)!.offset)
        expect({ replay, topic, partition }).toEqual({ replay: false, topic: TOPICS.readings, partition: 1 })
      }
    }
    expect(errors).toEqual([])
  })

  test('a batch is bounded in bytes as well', async () => {
    const { log } = subject()
    for (let i = 0; i < 12; i++) {
      const value = Buffer.alloc(1024 * 1024, i)
      await log.append([{ topic: TOPICS.readings, key: 'k', value, partition: 0 }])
    }
    const { seen } = await catchUp(log)
    const counts = seen[0]!.batches.map(({ records }) => records.length)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(12)
    expect(Math.max(...counts)).toBeLessThanOrEqual(8)
  })

  test('records that come while following are brought, partitions side by side', async () => {
    const { log } = subject()
    const { follower, seen } = watch(log)
    await until(() => follower.owned().length === PARTITIONS)
    for (let round = 0; round < 20; round++) {
      await log.append(numbers(0, 3).flatMap((partition) => inPartition(partition, [round])))
    }
    await until(() => received(seen).length === 60)
    await follower.stop()
    for (let partition = 0; partition < 3; partition++) {
      expect(received(seen, partition)).toEqual(numbers(0, 20).map((value) => `k=${value}`))
    }
  })

  test('gathering waits for a fuller batch and loses nothing', async () => {
    const { log } = subject()
    const { follower, seen } = watch(log, { gatherMs: 200 })
    await until(() => follower.owned().length === PARTITIONS)
    for (let i = 0; i < 30; i++) await log.append(inPartition(0, [i]))
    await until(() => received(seen).length === 30)
    await follower.stop()
    expect(received(seen)).toEqual(numbers(0, 30).map((value) => `k=${value}`))
  })
}

function progress(subject: () => Subject): void {
  test('a compacted topic is followed over its holes to its end', async () => {
    const { log } = subject()
    for (const [key, value] of ['a1', 'b1', 'a2', 'c1', 'b2', 'a3']) {
      await log.append([record(TOPICS['alert-states'], key!, value!, 0)])
    }
    const { seen, follower } = await catchUp(log, { topic: TOPICS['alert-states'], batchRecords: 1 })
    expect(received(seen)).toEqual(['c=1', 'b=2', 'a=3'])
    expect(await follower.lag()).toEqual(new Map())
  })

  test('owned and lag tell what is being processed and how far behind it is', async () => {
    const { log } = subject()
    await log.append(inPartition(2, numbers(0, 10)))
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const { follower } = watch(
      log,
      { batchRecords: 4 },
      {
        process: async (batch) => {
          await held
          return effects(batch)
        },
      },
    )
    await until(() => follower.owned().length === PARTITIONS)
    expect([...follower.owned()].sort()).toEqual([0, 1, 2])
    expect(await follower.lag()).toEqual(
      new Map([
        [0, 0],
        [1, 0],
        [2, 10],
      ]),
    )
    release()
    await until(async () => (await follower.lag()).get(2) === 0)
    await follower.stop()
    expect(follower.owned()).toEqual([])
  })
}

function replays(subject: () => Subject): void {
  test('a restart goes on exactly behind what was committed', async () => {
    await subject().log.append(inPartition(0, numbers(0, 10)))
    await catchUp(subject().log, { batchRecords: 3 })
    await subject().restart()
    await subject().log.append(inPartition(0, numbers(10, 14)))
    const { seen } = await catchUp(subject().log)
    expect(received(seen)).toEqual(['k=10', 'k=11', 'k=12', 'k=13'])
    expect(seen.find(({ partition }) => partition === 0)!.committed).toBe(10)
  })

  test('replay brings what lies before the committed position, exactly up to it, and withholds effects', async () => {
    await subject().log.append(inPartition(0, numbers(0, 10)))
    const emitting = {
      process: (batch: Parameters<typeof effects>[0]) =>
        effects(batch, {
          emit: [...batch.records].map(({ offset }) => record(TOPICS.scores, 'k', `of ${offset}`)),
          state: [record(TOPICS.state, 'snapshot', `${batch.nextOffset}`)],
          keepFrom: Math.max(0, batch.nextOffset - 4),
        }),
    }
    await catchUp(subject().log, { batchRecords: 5 }, emitting)
    await subject().restart()
    await subject().log.append(inPartition(0, numbers(10, 12)))
    const { seen } = await catchUp(
      subject().log,
      { batchRecords: 3 },
      { ...emitting, restore: ({ committed }) => Math.max(0, committed - 7) },
    )
    const one = seen.find(({ partition }) => partition === 0)!
    expect(one.batches.map(({ replay, nextOffset }) => [replay, nextOffset])).toEqual([
      [true, 6],
      [true, 9],
      [true, 10],
      [false, 12],
    ])
    expect(one.batches.flatMap(({ records }) => shown(records))).toEqual(
      numbers(3, 12).map((value) => `k=${value}`),
    )
    expect(one.confirmed.every(({ replay }) => !replay)).toBe(true)
    const scores = shown(await readTopic(subject().log, TOPICS.scores))
    expect(scores).toEqual(numbers(0, 12).map((value) => `k=of ${value}`))
    expect(shown(await readTopic(subject().log, TOPICS.state))).toEqual(['snapshot=12'])
  })
}

function restores(subject: () => Subject): void {
  test("restore is given the partition's own state: latest per key, in offset order, no tombstones", async () => {
    const { log } = subject()
    const writes = [
      ['a', '1'],
      ['b', '1'],
      ['c', '1'],
      ['a', '2'],
      ['b', null],
    ] as const
    for (const [key, value] of writes) await log.append([record(TOPICS.state, key, value, 1)])
    await log.append([record(TOPICS.state, 'other', '1', 0)])
    const { seen } = await catchUp(log)
    const states = seen.map(({ partition, states }) => [partition, shown(states)] as const)
    expect(new Map(states)).toEqual(
      new Map([
        [0, ['other=1']],
        [1, ['c=1', 'a=2']],
        [2, []],
      ]),
    )
  })

  test.each([
    ['above the committed position', 11],
    ['negative', -1],
    ['no offset', Number.NaN],
  ])('a restore that answers %s ends the follower with a reason', async (_, answer) => {
    await subject().log.append(inPartition(0, numbers(0, 10)))
    const { follower, errors } = watch(subject().log, {}, { restore: () => answer })
    await expect(follower.done).rejects.toMatchObject({ code: 'usage' })
    expect(errors.length).toBeGreaterThan(0)
    await follower.stop()
  })
}
