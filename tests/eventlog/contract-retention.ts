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

/** The subject of the running test, and its clock. */
interface Stand {
  subject: Subject
  nowMs: number
  begin(options: SubjectOptions): Promise<void>
}

/** @param boundsSize the log itself removes by size, in rounds */
export function retentionLaws(make: MakeSubject, boundsSize: boolean): void {
  const stand: Stand = {
    subject: undefined!,
    nowMs: 0,
    async begin(options) {
      stand.nowMs = 1_700_000_000_000
      stand.subject = await make({ now: () => stand.nowMs, ...options })
    },
  }
  afterEach(() => stand.subject.dispose())

  byAge(stand)
  byGroups(stand)
  if (boundsSize) bySize(stand)
  compacted(stand)
}

function byAge(stand: Stand): void {
  test('batches past their age go, whole and oldest first; offsets stay', async () => {
    await stand.begin({ retentionMs: 2 * HOUR_MS })
    for (let hour = 0; hour < 5; hour++) {
      await stand.subject.log.append([score(`${hour}a`), score(`${hour}b`)])
      stand.nowMs += HOUR_MS
    }
    await stand.subject.retain(stand.nowMs)
    const found = await readAll(stand.subject.log, TOPICS.scores, 0)
    expect(shown(found)).toEqual(['k=3a', 'k=3b', 'k=4a', 'k=4b'])
    expect((await stand.subject.log.bounds(TOPICS.scores))[0]).toEqual({ start: 6, end: 10 })
    await stand.subject.retain(stand.nowMs + 10 * HOUR_MS)
    expect((await stand.subject.log.bounds(TOPICS.scores))[0]).toEqual({ start: 10, end: 10 })
    await stand.subject.restart()
    expect((await stand.subject.log.append([score('next')]))[0]!.offset).toBe(10)
  })
}

function byGroups(stand: Stand): void {
  test('readings wait for the engine, however old; what it has passed goes', async () => {
    await stand.begin({ retentionMs: HOUR_MS })
    for (let i = 0; i < 6; i++) await stand.subject.log.append([reading(`${i}`)])
    stand.nowMs += 100 * HOUR_MS
    await stand.subject.retain(stand.nowMs)
    expect((await stand.subject.log.bounds(TOPICS.readings))[0]).toEqual({ start: 0, end: 6 })
    let left = 4
    await catchUp(
      stand.subject.log,
      { batchRecords: 1 },
      {
        process(batch) {
          if (left-- === 0) throw Object.assign(new Error('stop here'), { name: 'Failure', code: 'usage' })
          return effects(batch, { keepFrom: Math.max(0, batch.nextOffset - 1) })
        },
      },
    ).catch((error: Error) => expect(error.message).toBe('stop here'))
    await stand.subject.restart()
    await stand.subject.retain(stand.nowMs)
    expect((await stand.subject.log.bounds(TOPICS.readings))[0]).toEqual({ start: 3, end: 6 })
    const { seen, errors } = await catchUp(
      stand.subject.log,
      {},
      { restore: ({ committed }) => Math.max(0, committed - 1) },
    )
    expect(received(seen)).toEqual(['k=4', 'k=5'])
    expect([...seen[0]!.batches[0]!.records].map(({ offset }) => offset)).toEqual([3])
    expect(errors).toEqual([])
  })

  test('a follower that finds its offsets gone is told, and goes on behind the gap', async () => {
    await stand.begin({ retentionMs: HOUR_MS })
    for (let i = 0; i < 4; i++) await stand.subject.log.append([reading(`${i}`)])
    await catchUp(stand.subject.log)
    stand.nowMs += 2 * HOUR_MS
    await stand.subject.retain(stand.nowMs)
    await stand.subject.log.append([reading('4')])
    const { seen, errors } = await catchUp(stand.subject.log, {}, { restore: () => 0 })
    expect(received(seen)).toEqual(['k=4'])
    expect(errors).toMatchObject([{ code: 'not-found', message: expect.stringContaining('offsets 0 to 3') }])
  })
}

function bySize(stand: Stand): void {
  test('above its size: the oldest that nobody needs goes; then appends are refused, commits are not', async () => {
    await stand.begin({ maxBytes: 200_000 })
    const filler = 'x'.repeat(10_000)
    for (let i = 0; i < 60; i++) await stand.subject.log.append([score(`${i}${filler}`)])
    const { start } = (await stand.subject.log.bounds(TOPICS.scores))[0]!
    expect(start).toBeGreaterThan(30)
    const fill = async () => {
      for (let i = 0; i < 100; i++) await stand.subject.log.append([reading(`${i}${filler}`)])
    }
    await expect(fill()).rejects.toMatchObject({
      code: 'log-full',
      message: expect.stringContaining('log.maxBytes'),
    })
    const { end } = (await stand.subject.log.bounds(TOPICS.readings))[0]!
    expect(await readAll(stand.subject.log, TOPICS.readings, 0)).toHaveLength(end)
    expect((await stand.subject.log.bounds(TOPICS.scores))[0]!.start).toBe(60)
    const { seen } = await catchUp(
      stand.subject.log,
      { batchRecords: 4 },
      { process: (batch) => effects(batch, { emit: [score('committed')] }) },
    )
    expect(received(seen)).toHaveLength(end)
    expect(shown(await readAll(stand.subject.log, TOPICS.scores, 0))).toContain('k=committed')
    await stand.subject.log.append([reading('there is room again')])
  })

  test('a round is bounded and says that there is more', async () => {
    await stand.begin({ retentionMs: HOUR_MS })
    for (let i = 0; i < 300; i++) await stand.subject.log.append([score(`${i}`)])
    stand.nowMs += 2 * HOUR_MS
    const first = await stand.subject.retain(stand.nowMs)
    const second = await stand.subject.retain(stand.nowMs)
    expect([first.batches, first.more, second.batches, second.more]).toEqual([256, true, 44, false])
  })
}

function compacted(stand: Stand): void {
  test('compacted topics keep the latest for ever, tombstones for a day', async () => {
    await stand.begin({ retentionMs: HOUR_MS })
    const state = (key: string, value: string | null) => record(TOPICS.state, key, value, 0)
    await stand.subject.log.append([state('a', '1'), state('b', '1'), state('c', '1')])
    await stand.subject.log.append([state('a', null), state('b', null)])
    await stand.subject.log.append([state('b', 'again')])
    await stand.subject.retain(stand.nowMs + 23 * HOUR_MS)
    expect(shown(await readAll(stand.subject.log, TOPICS.state, 0))).toEqual(['c=1', 'a=null', 'b=again'])
    await stand.subject.retain(stand.nowMs + 25 * HOUR_MS)
    expect(shown(await readAll(stand.subject.log, TOPICS.state, 0))).toEqual(['c=1', 'b=again'])
    await stand.subject.restart()
    await stand.subject.log.append([state('a', 'back')])
    expect(shown(await readAll(stand.subject.log, TOPICS.state, 0))).toEqual(['c=1', 'b=again', 'a=back'])
  })
}
