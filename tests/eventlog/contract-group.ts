/** Laws of groups: with one, positions and effects are committed; without, nothing is. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  catchUp,
  effects,
  type MakeSubject,
  PARTITIONS,
  received,
  record,
  type Subject,
  shown,
  TOPICS,
  until,
  watch,
} from './harness.ts'

const at = (partition: number, value: string) => record(TOPICS.readings, 'k', value, partition)

export function groupLaws(make: MakeSubject): void {
  let subject: Subject
  beforeEach(async () => {
    subject = await make()
  })
  afterEach(() => subject.dispose())

  membership(() => subject)
  lastWord(() => subject)
  positions(() => subject)
  withoutGroup(() => subject)
  wrongUses(() => subject)
}

/** What a processor leaves behind when following ends in good order. */
function lastWord(subject: () => Subject): void {
  test('a last snapshot is committed when following stops, and found by the next', async () => {
    const { log } = subject()
    await log.append([at(1, 'a'), at(1, 'b')])
    const concluded: number[] = []
    const follow = (found: string[], restored: number[]) =>
      log.follow({
        topic: TOPICS.readings,
        group: 'engine',
        open: (partition) => ({
          async restore(state, committed) {
            for await (const chunk of state) found.push(...shown(chunk))
            restored.push(committed)
            return committed
          },
          process: async (batch) => effects(batch),
          async conclude(nextOffset) {
            concluded.push(nextOffset)
            return {
              emit: [],
              state: [record(TOPICS.state, 'head', 'whole', partition)],
              keepFrom: nextOffset,
            }
          },
          close: async () => {},
        }),
        untilCaughtUp: true,
      })
    await follow([], []).done
    const found: string[] = []
    const restored: number[] = []
    await follow(found, restored).done
    expect(concluded).toContain(2)
    expect(found).toEqual(['head=whole'])
    expect(restored).toContain(2)
  })
}

function membership(subject: () => Subject): void {
  test('groups stand apart from each other, and topics within a group', async () => {
    const { log } = subject()
    await log.append([at(0, '1'), record(TOPICS.alerts, 'k', 'alert', 0)])
    expect(received((await catchUp(log, { group: 'one' })).seen)).toEqual(['k=1'])
    expect(received((await catchUp(log, { group: 'two' })).seen)).toEqual(['k=1'])
    expect(received((await catchUp(log, { group: 'one', topic: TOPICS.alerts })).seen)).toEqual(['k=alert'])
    expect(received((await catchUp(log, { group: 'one' })).seen)).toEqual([])
  })

  test('the first member of a group owns all; the second takes over when it stops', async () => {
    const { log } = subject()
    const first = watch(log)
    await until(() => first.follower.owned().length === PARTITIONS)
    const second = watch(log)
    await log.append([0, 1, 2].map((partition) => at(partition, '1')))
    await until(() => received(first.seen).length === 3)
    expect(second.follower.owned()).toEqual([])
    expect(second.seen).toEqual([])
    await first.follower.stop()
    await until(() => second.follower.owned().length === PARTITIONS)
    await log.append([0, 1, 2].map((partition) => at(partition, '2')))
    await until(() => received(second.seen).length === 3)
    expect(received(second.seen)).toEqual(['k=2', 'k=2', 'k=2'])
    await second.follower.stop()
  })

  test('a member that stands by can be stopped', async () => {
    const first = watch(subject().log)
    const second = watch(subject().log)
    await second.follower.stop()
    await first.follower.stop()
    expect(second.seen).toEqual([])
  })
}

function positions(subject: () => Subject): void {
  test.each([
    ['start', ['k=old', 'k=new'], 0],
    ['end', ['k=new'], 1],
    [[1, 0, 0], ['k=new'], 1],
  ] as const)(
    'a new group begins at %j, and goes on from its position later',
    async (from, wanted, begin) => {
      const { log } = subject()
      await log.append([at(0, 'old')])
      const { follower, seen } = watch(log, { from })
      await until(() => follower.owned().length === PARTITIONS)
      await log.append([at(0, 'new')])
      await until(() => received(seen).length === wanted.length)
      await follower.stop()
      expect(received(seen)).toEqual(wanted)
      expect(seen.find(({ partition }) => partition === 0)!.committed).toBe(begin)
      await log.append([at(0, 'later')])
      expect(received((await catchUp(log, { from })).seen)).toEqual(['k=later'])
    },
  )

  test('a new group from the end that fails at first loses nothing of what came since', async () => {
    const { log } = subject()
    await log.append([at(0, 'old')])
    let failing = true
    const { follower, seen, errors } = watch(
      log,
      { from: 'end' },
      {
        process(batch) {
          if (failing) throw new Error('at first')
          return effects(batch)
        },
      },
    )
    await until(() => follower.owned().length === PARTITIONS)
    await log.append([at(0, '1')])
    await until(() => errors.length > 0)
    await log.append([at(0, '2')])
    failing = false
    await until(() => received(seen).length === 2)
    await follower.stop()
    expect(received(seen)).toEqual(['k=1', 'k=2'])
  })
}

function withoutGroup(subject: () => Subject): void {
  test.each([
    ['start', ['k=0', 'k=1', 'k=2', 'k=3']],
    ['end', ['k=3']],
    [
      [1, 0, 0],
      ['k=1', 'k=2', 'k=3'],
    ],
  ] as const)(
    'from %j on: all partitions, new records as they come, nothing committed',
    async (from, wanted) => {
      const { log } = subject()
      await log.append([at(0, '0'), at(0, '1'), at(0, '2')])
      for (let round = 0; round < 2; round++) {
        const { follower, seen } = watch(log, { group: null, from, untilCaughtUp: false })
        await until(() => follower.owned().length === PARTITIONS)
        if (round === 0) await log.append([at(0, '3')])
        const count = round === 1 && from === 'end' ? 0 : wanted.length
        await until(() => received(seen).length === count)
        await follower.stop()
        expect(received(seen)).toEqual(wanted.slice(0, count))
        expect(seen.flatMap(({ confirmed, states }) => [...confirmed, ...states])).toEqual([])
      }
    },
  )

  test('two of them both see everything, beside a group', async () => {
    const { log } = subject()
    const all = [watch(log, { group: null }), watch(log, { group: null }), watch(log)]
    await log.append([at(0, '1'), at(1, '2')])
    for (const { seen } of all) await until(() => received(seen).length === 2)
    await Promise.all(all.map(({ follower }) => follower.stop()))
  })

  test('after a failure it goes on where it was', async () => {
    const { log } = subject()
    await log.append([at(0, '1'), at(0, '2'), at(0, '3')])
    let left = 2
    const { seen, errors } = await catchUp(
      log,
      { group: null, batchRecords: 1 },
      {
        process(batch) {
          if ([...batch.records][0]!.offset === 1 && left-- > 0) throw new Error('once more')
          return effects(batch)
        },
      },
    )
    expect(errors).toHaveLength(2)
    expect(received(seen)).toEqual(['k=1', 'k=2', 'k=3'])
    expect(seen.filter(({ partition }) => partition === 0).map(({ committed }) => committed)).toEqual([
      0, 1, 1,
    ])
  })
}

function wrongUses(subject: () => Subject): void {
  test.each([
    ['too few offsets', [0]],
    ['a negative offset', [0, -1, 0]],
    ['half an offset', [0, 0.5, 0]],
  ])('following from %s is refused', (_, from) => {
    expect(() => watch(subject().log, { from })).toThrow(expect.objectContaining({ code: 'usage' }))
  })

  test('following an unknown topic is refused', () => {
    expect(() => watch(subject().log, { topic: 'nowhere' })).toThrow(
      expect.objectContaining({ code: 'input' }),
    )
  })

  test('a wrong keepFrom ends the follower with a reason', async () => {
    await subject().log.append([at(0, '1')])
    const { follower } = watch(
      subject().log,
      {},
      { process: (batch) => effects(batch, { keepFrom: batch.nextOffset + 1 }) },
    )
    await expect(follower.done).rejects.toMatchObject({ code: 'usage' })
  })

  test('effects without a group end it with a reason', async () => {
    await subject().log.append([at(0, '1')])
    const { follower } = watch(
      subject().log,
      { group: null },
      { process: (batch) => effects(batch, { emit: [record(TOPICS.scores, 'k', 'no')] }) },
    )
    await expect(follower.done).rejects.toMatchObject({ code: 'usage' })
  })
}
