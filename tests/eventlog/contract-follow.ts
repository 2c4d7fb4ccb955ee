/** Laws of following: order, batches, replay, failures, stopping. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { failure } from '../../src/core/errors.ts'
import {
  catchUp,
  effects,
  type MakeSubject,
  PARTITIONS,
  reading,
  readTopic,
  received,
  record,
  type Subject,
  shown,
  TOPICS,
  until,
  watch,
} from './harness.ts'

const inPartition = (partition: number, values: readonly (number | string)[]) =>
  values.map((value) => record(TOPICS.readings, 'k', `${value}`, partition))

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

export function followLaws(make: MakeSubject): void {
  let subject: Subject
  beforeEach(async () => {
    subject = await make()
  })
  afterEach(() => subject.dispose())

  batches(() => subject)
  replays(() => subject)
  failures(() => subject)
  endings(() => subject)
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
        expect(nextOffset).toBeGreaterThan(records.at(-1)!.offset)
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
          emit: batch.records.map(({ offset }) => record(TOPICS.scores, 'k', `of ${offset}`)),
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

function failures(subject: () => Subject): void {
  test.each(['open', 'restore', 'process', 'committed', 'close'])(
    'a throw in %s: reported, a new processor goes on, nothing is lost or doubled',
    async (where) => {
      const { log } = subject()
      await log.append(inPartition(0, numbers(0, 10)))
      let left = where === 'close' ? 0 : 3
      const throwIn = (place: string) => {
        if (place === where && left-- > 0) throw new Error(`thrown in ${place}`)
      }
      const errors: Error[] = []
      const follower = log.follow({
        topic: TOPICS.readings,
        group: 'g',
        batchRecords: 4,
        untilCaughtUp: true,
        onError: (error) => errors.push(error),
        open(partition) {
          if (partition === 0) throwIn('open')
          return {
            async restore(_, committed) {
              if (partition === 0) throwIn('restore')
              return committed
            },
            async process(batch) {
              throwIn('process')
              const emit = batch.records.map(({ offset }) => record(TOPICS.scores, 'k', `${offset}`))
              return effects(batch, { emit })
            },
            committed: () => throwIn('committed'),
            close: async () => throwIn('close'),
          }
        },
      })
      await follower.done
      expect(shown(await readTopic(log, TOPICS.scores))).toEqual(numbers(0, 10).map((value) => `k=${value}`))
      expect(errors.map(({ message }) => message)).toEqual(
        Array(where === 'close' ? 0 : 3).fill(`thrown in ${where}`),
      )
    },
  )

  test('a partition that always fails does not stop the others, and its processors are closed', async () => {
    const { log } = subject()
    const { follower, seen, errors } = watch(
      log,
      {},
      {
        process(batch) {
          if (batch.partition === 1) throw new Error('poison')
          return effects(batch)
        },
      },
    )
    for (let i = 0; i < 10; i++) await log.append([0, 1, 2].flatMap((p) => inPartition(p, [i])))
    await until(() => received(seen, 0).length === 10 && received(seen, 2).length === 10)
    await until(() => errors.length >= 3)
    await follower.stop()
    expect(received(seen, 1)).toEqual([])
    expect(seen.every(({ closed }) => closed)).toBe(true)
    expect(seen.filter(({ partition }) => partition === 0)).toHaveLength(1)
  })

  test('effects that the log refuses are reported, and nothing of that batch is committed', async () => {
    const { log } = subject()
    await log.append(inPartition(0, [0]))
    let wrong = true
    const { follower, seen, errors } = watch(
      log,
      {},
      {
        process(batch) {
          const emit = [record(TOPICS.scores, 'k', 'score')]
          if (!wrong) return effects(batch, { emit })
          wrong = false
          return effects(batch, { emit, state: [record(TOPICS.alerts, 'k', 'not state')] })
        },
      },
    )
    await until(() => seen.some(({ confirmed }) => confirmed.length > 0))
    await follower.stop()
    expect(errors).toMatchObject([{ code: 'input' }])
    expect(shown(await readTopic(log, TOPICS.scores))).toEqual(['k=score'])
    expect(await readTopic(log, TOPICS.alerts)).toEqual([])
  })

  test('a failure that can never pass ends the follower', async () => {
    const { log } = subject()
    await log.append(inPartition(0, [0]))
    const { follower } = watch(
      log,
      {},
      { process: () => Promise.reject(failure('usage', 'the processor can never work')) },
    )
    await expect(follower.done).rejects.toThrow('the processor can never work')
    expect(follower.owned()).toEqual([])
  })
}

function endings(subject: () => Subject): void {
  test('untilCaughtUp ends at the end that the topic had, though more comes', async () => {
    const { log } = subject()
    await log.append(inPartition(0, numbers(0, 10)))
    let more = 10
    const { follower, seen } = watch(
      log,
      { untilCaughtUp: true, batchRecords: 4 },
      {
        process: async (batch) => {
          await log.append(inPartition(0, numbers(more, more + 4)))
          more += 4
          return effects(batch)
        },
      },
    )
    await follower.done
    expect(received(seen)).toEqual(numbers(0, 10).map((value) => `k=${value}`))
    expect(seen.every(({ closed }) => closed)).toBe(true)
    const next = await catchUp(log)
    expect(received(next.seen)).toEqual(numbers(10, more).map((value) => `k=${value}`))
  })

  test('untilCaughtUp on an empty log ends at once', async () => {
    const { seen } = await catchUp(subject().log)
    expect(received(seen)).toEqual([])
    expect(seen).toHaveLength(PARTITIONS)
  })

  test('stop finishes and commits the batch in hand', async () => {
    const { log } = subject()
    await log.append(inPartition(0, numbers(0, 6)))
    let finish: (() => void) | null = null
    const { follower, seen } = watch(
      log,
      { batchRecords: 3 },
      {
        process: async (batch) => {
          await new Promise<void>((resolve) => {
            finish = resolve
          })
          return effects(batch, { emit: [record(TOPICS.scores, 'k', 'committed')] })
        },
      },
    )
    await until(() => finish !== null)
    const stopping = follower.stop()
    finish!()
    await stopping
    expect(received(seen)).toEqual(['k=0', 'k=1', 'k=2'])
    expect(shown(await readTopic(log, TOPICS.scores))).toEqual(['k=committed'])
    expect(seen.every(({ closed }) => closed)).toBe(true)
    const next = await catchUp(log)
    expect(received(next.seen)).toEqual(['k=3', 'k=4', 'k=5'])
  })

  test('stop ends a back-off and may be called twice', async () => {
    const { log } = subject()
    await log.append([reading('a', '1')])
    const { follower, errors } = watch(log, {}, { process: () => Promise.reject(new Error('no')) })
    await until(() => errors.length > 0)
    await Promise.all([follower.stop(), follower.stop()])
    await follower.done
  })

  test('closing the log stops its followers first', async () => {
    const { log } = subject()
    const { follower, seen } = watch(log)
    await until(() => follower.owned().length === PARTITIONS)
    await log.close()
    await follower.done
    expect(seen.every(({ closed }) => closed)).toBe(true)
    await expect(log.append([reading('a', '1')])).rejects.toMatchObject({ code: 'unavailable' })
    await subject().restart()
  })
}
