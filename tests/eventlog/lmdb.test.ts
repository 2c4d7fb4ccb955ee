/** The embedded log keeps the laws, and those that only a log on disk has. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { topicNames } from '../../src/core/topics.ts'
import { type LmdbLogOptions, openLmdbLog } from '../../src/eventlog/lmdb.ts'
import { visitLmdbLog } from '../../src/eventlog/lmdb-visit.ts'
import { eventLogLaws } from './contract.ts'
import {
  GROUP,
  hasty,
  type MakeSubject,
  PARTITIONS,
  readAll,
  reading,
  readTopic,
  received,
  record,
  shown,
  TOPICS,
  until,
  watch,
} from './harness.ts'

const base: Omit<LmdbLogOptions, 'dir'> = {
  partitions: PARTITIONS,
  topics: TOPICS,
  group: GROUP,
  retentionMs: Number.POSITIVE_INFINITY,
  maxBytes: Number.POSITIVE_INFINITY,
  scheduler: hasty,
}

const make: MakeSubject = async (options = {}) => {
  const dir = mkdtempSync(join(tmpdir(), 'forewarn-log-'))
  const open = () => openLmdbLog({ ...base, ...options, dir })
  let log = await open()
  return {
    get log() {
      return log
    },
    async restart() {
      await log.close()
      log = await open()
    },
    retain: (nowMs) => log.retain(nowMs),
    async dispose() {
      await log.close()
      rmSync(dir, { recursive: true })
    },
  }
}

eventLogLaws('lmdb', make, { modelRuns: 40 })

describe('the data folder', () => {
  let dir = ''
  const open = (options: Partial<LmdbLogOptions> = {}) => openLmdbLog({ ...base, dir, ...options })
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'forewarn-log-'))
  })
  afterEach(() => rmSync(dir, { recursive: true }))

  test('a folder that is not there yet is made, with its parents', async () => {
    const log = await open({ dir: join(dir, 'a', 'b.c') })
    await log.append([reading('a', '1')])
    await log.close()
  })

  test('a second opener in the same process is refused, and the first goes on', async () => {
    const log = await open()
    await log.append([reading('a', '1')])
    await expect(open()).rejects.toMatchObject({
      code: 'log-locked',
      message: expect.stringContaining(`process ${process.pid}`),
    })
    await log.append([reading('a', '2')])
    expect(shown(await readTopic(log, TOPICS.readings))).toEqual(['a=1', 'a=2'])
    await log.close()
    await (await open()).close()
  })

  test('of many that open at once exactly one gets it', async () => {
    const opened = await Promise.allSettled(Array.from({ length: 6 }, () => open()))
    const logs = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const codes = opened.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    expect(logs).toHaveLength(1)
    expect(codes).toEqual(Array(5).fill('log-locked'))
    await logs[0]!.close()
  })

  test('another count of partitions is refused with what to do', async () => {
    await (await open()).close()
    await expect(open({ partitions: 8 })).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(/has 3 partitions.*log.partitions to 3.*log.dir/),
    })
    await (await open()).close()
  })

  test('a folder of a newer format is refused, a damaged one as well', async () => {
    await (await open()).close()
    const file = join(dir, 'forewarn-log.json')
    const folder = JSON.parse(readFileSync(file, 'utf8'))
    for (const text of [JSON.stringify({ ...folder, format: 2 }), '{"format": 1', '[]', '{"format":"1"}']) {
      writeFileSync(file, text)
      await expect(open()).rejects.toMatchObject({ code: 'log-version' })
      await expect(visitLmdbLog({ dir })).rejects.toMatchObject({ code: 'log-version' })
    }
    writeFileSync(file, JSON.stringify(folder))
    await (await open()).close()
  })

  test('a topic with another name is another topic; one that would be kept otherwise is refused', async () => {
    const log = await open()
    await log.append([reading('a', '1')])
    await log.close()
    const renamed = await open({ topics: topicNames('t.', { readings: 'bench.readings' }) })
    expect(await readTopic(renamed, 'bench.readings')).toEqual([])
    expect(shown(await readTopic(renamed, TOPICS.readings))).toEqual(['a=1'])
    await renamed.close()
    const swapped = topicNames('t.', { readings: TOPICS.state, state: TOPICS.readings })
    await expect(open({ topics: swapped })).rejects.toMatchObject({ code: 'config' })
    await (await open()).close()
  })

  test('there is nothing to visit in an empty folder, and looking leaves it empty', async () => {
    await expect(visitLmdbLog({ dir })).rejects.toMatchObject({ code: 'not-found' })
    rmSync(dir, { recursive: true })
    await expect(visitLmdbLog({ dir })).rejects.toMatchObject({ code: 'not-found' })
    await (await open()).close()
  })

  test('what is no folder has a reason', async () => {
    const file = join(dir, 'file')
    writeFileSync(file, '')
    await expect(open({ dir: file })).rejects.toMatchObject({ code: 'log-unavailable' })
  })
})

describe('followers and memory', () => {
  test('a follower that is far behind reads from disk, then from memory, without a seam', async () => {
    const subject = await make()
    const { log } = subject
    const value = 'x'.repeat(1000)
    const append = (from: number, to: number) =>
      log.append(
        Array.from({ length: to - from }, (_, i) => record(TOPICS.readings, `${from + i}`, value, 0)),
      )
    for (let at = 0; at < 6000; at += 500) await append(at, at + 500)
    const quick = watch(log, { group: 'quick' })
    await until(() => received(quick.seen).length === 6000)
    for (let at = 6000; at < 12_000; at += 500) await append(at, at + 500)
    const slow = watch(log, { group: 'slow', batchRecords: 777 })
    await until(() => received(slow.seen).length === 12_000 && received(quick.seen).length === 12_000)
    const wanted = Array.from({ length: 12_000 }, (_, i) => `${i}=${value}`)
    expect(received(slow.seen)).toEqual(wanted)
    expect(received(quick.seen)).toEqual(wanted)
    await subject.dispose()
  })

  test('what retention has removed is no longer read, not from memory either', async () => {
    const subject = await make({ retentionMs: 1000, now: () => 0 })
    const { log } = subject
    const { follower } = watch(log, { topic: TOPICS.scores, group: null })
    await until(() => follower.owned().length === PARTITIONS)
    await log.append([record(TOPICS.scores, 'a', '1', 0)])
    await subject.retain(5000)
    expect(await readAll(log, TOPICS.scores, 0)).toEqual([])
    await log.append([record(TOPICS.scores, 'a', '2', 0)])
    expect(shown(await readAll(log, TOPICS.scores, 0))).toEqual(['a=2'])
    await subject.dispose()
  })
})
