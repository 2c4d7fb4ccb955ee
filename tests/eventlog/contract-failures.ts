/** Laws of following when something fails, and of how it ends. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { failure } from '../../src/core/errors.ts'
import {
  catchUp,
  effects,
  inPartition,
  type MakeSubject,
  numbers,
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

export function failureLaws(make: MakeSubject): void {
  let subject: Subject
  beforeEach(async () => {
    subject = await make()
  })
  afterEach(() => subject.dispose())

  throws(() => subject)
  poison(() => subject)
  catchingUp(() => subject)
  stopping(() => subject)
}

function throws(subject: () => Subject): void {
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
              const emit = [...batch.records].map(({ offset }) => record(TOPICS.scores, 'k', `${offset}`))
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
}

function poison(subject: () => Subject): void {
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

function catchingUp(subject: () => Subject): void {
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
}

function stopping(subject: () => Subject): void {
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
