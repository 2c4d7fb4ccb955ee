/** Laws of retention: by age and size, never what a group has yet to read. */
import { afterEach, expect, test } from 'vitest'
import {
  catchUp,
  effects,
  type MakeSubject,
  readAll,
  received,
  record,
  type Subject,
  type SubjectOptions,
  shown,
  TOPICS,
} from './harness.ts'

const HOUR_MS = 3_600_000
const score = (value: string) => record(TOPICS.scores, 'k', value, 0)
const reading = (value: string) => record(TOPICS.readings, 'k', value, 0)

export function retentionLaws(make: MakeSubject): void {
  let subject: Subject
  let nowMs = 0
  const begin = async (options: SubjectOptions) => {
    nowMs = 1_700_000_000_000
    subject = await make({ now: () => nowMs, ...options })
  }
  afterEach(() => subject.dispose())

  test('batches past their age go, whole and oldest first; offsets stay', async () => {
    await begin({ retentionMs: 2 * HOUR_MS })
    for (let hour = 0; hour < 5; hour++) {
      await subject.log.append([score(`${hour}a`), score(`${hour}b`)])
      nowMs += HOUR_MS
    }
    await subject.retain(nowMs)
    const found = await readAll(subject.log, TOPICS.scores, 0)
    expect(shown(found)).toEqual(['k=3a', 'k=3b', 'k=4a', 'k=4b'])
    expect((await subject.log.bounds(TOPICS.scores))[0]).toEqual({ start: 6, end: 10 })
    await subject.retain(nowMs + 10 * HOUR_MS)
    expect((await subject.log.bounds(TOPICS.scores))[0]).toEqual({ start: 10, end: 10 })
    await subject.restart()
    expect((await subject.log.append([score('next')]))[0]!.offset).toBe(10)
  })

  test('readings wait for the engine, however old; what it has passed goes', async () => {
    await begin({ retentionMs: HOUR_MS })
    for (let i = 0; i < 6; i++) await subject.log.append([reading(`${i}`)])
    nowMs += 100 * HOUR_MS
    await subject.retain(nowMs)
    expect((await subject.log.bounds(TOPICS.readings))[0]).toEqual({ start: 0, end: 6 })
    let left = 4
    await catchUp(
      subject.log,
      { batchRecords: 1 },
      {
        process(batch) {
          if (left-- === 0) throw Object.assign(new Error('stop here'), { name: 'Failure', code: 'usage' })
          return effects(batch, { keepFrom: Math.max(0, batch.nextOffset - 1) })
        },
      },
    ).catch((error: Error) => expect(error.message).toBe('stop here'))
    await subject.restart()
    await subject.retain(nowMs)
    expect((await subject.log.bounds(TOPICS.readings))[0]).toEqual({ start: 3, end: 6 })
    const { seen, errors } = await catchUp(
      subject.log,
      {},
      { restore: ({ committed }) => Math.max(0, committed - 1) },
    )
    expect(received(seen)).toEqual(['k=4', 'k=5'])
    expect(seen[0]!.batches[0]!.records.map(({ offset }) => offset)).toEqual([3])
    expect(errors).toEqual([])
  })

  test('a follower that finds its offsets gone is told, and goes on behind the gap', async () => {
    await begin({ retentionMs: HOUR_MS })
    for (let i = 0; i < 4; i++) await subject.log.append([reading(`${i}`)])
    await catchUp(subject.log)
    nowMs += 2 * HOUR_MS
    await subject.retain(nowMs)
    await subject.log.append([reading('4')])
    const { seen, errors } = await catchUp(subject.log, {}, { restore: () => 0 })
    expect(received(seen)).toEqual(['k=4'])
    expect(errors).toMatchObject([{ code: 'not-found', message: expect.stringContaining('offsets 0 to 3') }])
  })

  test('above its size: the oldest that nobody needs goes; then appends are refused, commits are not', async () => {
    await begin({ maxBytes: 200_000 })
    const filler = 'x'.repeat(10_000)
    for (let i = 0; i < 60; i++) await subject.log.append([score(`${i}${filler}`)])
    const { start } = (await subject.log.bounds(TOPICS.scores))[0]!
    expect(start).toBeGreaterThan(30)
    const fill = async () => {
      for (let i = 0; i < 100; i++) await subject.log.append([reading(`${i}${filler}`)])
    }
    await expect(fill()).rejects.toMatchObject({
      code: 'log-full',
      message: expect.stringContaining('log.maxBytes'),
    })
    const { end } = (await subject.log.bounds(TOPICS.readings))[0]!
    expect(await readAll(subject.log, TOPICS.readings, 0)).toHaveLength(end)
    expect((await subject.log.bounds(TOPICS.scores))[0]!.start).toBe(60)
    const { seen } = await catchUp(
      subject.log,
      { batchRecords: 4 },
      { process: (batch) => effects(batch, { emit: [score('committed')] }) },
    )
    expect(received(seen)).toHaveLength(end)
    expect(shown(await readAll(subject.log, TOPICS.scores, 0))).toContain('k=committed')
    await subject.log.append([reading('there is room again')])
  })

  test('a round is bounded and says that there is more', async () => {
    await begin({ retentionMs: HOUR_MS })
    for (let i = 0; i < 300; i++) await subject.log.append([score(`${i}`)])
    nowMs += 2 * HOUR_MS
    const first = await subject.retain(nowMs)
    const second = await subject.retain(nowMs)
    expect([first.batches, first.more, second.batches, second.more]).toEqual([256, true, 44, false])
  })

  test('compacted topics keep the latest for ever, tombstones for a day', async () => {
    await begin({ retentionMs: HOUR_MS })
    const state = (key: string, value: string | null) => record(TOPICS.state, key, value, 0)
    await subject.log.append([state('a', '1'), state('b', '1'), state('c', '1')])
    await subject.log.append([state('a', null), state('b', null)])
    await subject.log.append([state('b', 'again')])
    await subject.retain(nowMs + 23 * HOUR_MS)
    expect(shown(await readAll(subject.log, TOPICS.state, 0))).toEqual(['c=1', 'a=null', 'b=again'])
    await subject.retain(nowMs + 25 * HOUR_MS)
    expect(shown(await readAll(subject.log, TOPICS.state, 0))).toEqual(['c=1', 'b=again'])
    await subject.restart()
    await subject.log.append([state('a', 'back')])
    expect(shown(await readAll(subject.log, TOPICS.state, 0))).toEqual(['c=1', 'b=again', 'a=back'])
  })
}
