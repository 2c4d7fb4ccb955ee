/**
 * A disk that is really full: nothing is acknowledged, nothing is half written, the process lives, and all
 * goes on when there is room.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createAppender } from '../../src/eventlog/appender.ts'
import { type LmdbLog, openLmdbLog } from '../../src/eventlog/lmdb.ts'
import { requires } from '../support/requires.ts'
import {
  effects,
  GROUP,
  hasty,
  PARTITIONS,
  readAll,
  readTopic,
  record,
  shown,
  TOPICS,
  until,
  watch,
} from './harness.ts'

const SMALL = 'size=3m'
const LARGE = 'size=64m'

describe.skipIf(requires('tmpfs').missing)('a full disk', () => {
  let dir = ''
  let log: LmdbLog

  const open = () =>
    openLmdbLog({
      dir: join(dir, 'data'),
      partitions: PARTITIONS,
      topics: TOPICS,
      group: GROUP,
      retentionMs: Number.POSITIVE_INFINITY,
      maxBytes: Number.POSITIVE_INFINITY,
      scheduler: hasty,
    })
  const makeRoom = () => execFileSync('mount', ['-o', `remount,${LARGE}`, dir])
  const big = (id: number) => record(TOPICS.readings, 'k', `${id}`.padEnd(20_000, '.'), 0)
  const idsOf = async (topic: string) =>
    shown(await readAll(log, topic, 0)).map((one) => Number(one.slice(2).replaceAll('.', '')))

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'forewarn-full-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', SMALL, 'tmpfs', dir])
    log = await open()
  })
  afterEach(async () => {
    await log.close()
    execFileSync('umount', [dir])
    rmdirSync(dir)
  })

  /** Appends until the disk is full; returns how many were acknowledged. */
  async function fill(): Promise<number> {
    for (let id = 0; ; id++) {
      try {
        await log.append([big(id), record(TOPICS.scores, 'k', `${id}`, 1)])
      } catch (error) {
        expect(error).toMatchObject({
          code: 'log-unavailable',
          message: expect.stringContaining('the disk is full'),
        })
        return id
      }
    }
  }

  test('an append is refused as a whole, what was acknowledged stays readable, also after a restart', async () => {
    const acknowledged = await fill()
    expect(acknowledged).toBeGreaterThan(10)
    await expect(log.append([big(-1)])).rejects.toMatchObject({ code: 'log-unavailable' })
    const wanted = Array.from({ length: acknowledged }, (_, id) => id)
    for (let round = 0; round < 2; round++) {
      expect(await idsOf(TOPICS.readings)).toEqual(wanted)
      expect(await readTopic(log, TOPICS.scores)).toHaveLength(acknowledged)
      makeRoom()
      await log.close()
      log = await open()
    }
    const [position] = await log.append([big(acknowledged)])
    expect(position!.offset).toBe(acknowledged)
  })

  test('the appender keeps what it holds, says so, and hands it over in order when there is room', async () => {
    const acknowledged = await fill()
    const changes: (string | undefined)[] = []
    const appender = createAppender(log, {
      batchRecords: 4,
      waitMs: 1,
      pendingRecords: 8,
      pendingBytes: 1e9,
      scheduler: hasty,
      onChange: () => changes.push(appender.blocked()?.code),
    })
    const done: number[] = []
    for (let i = 0; i < 10; i++) {
      appender.add([big(acknowledged + i)], (error) => {
        expect(error).toBe(null)
        done.push(acknowledged + i)
      })
    }
    await until(() => appender.blocked() !== null)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(done).toEqual([])
    expect(appender.blocked()).toMatchObject({ code: 'log-unavailable' })
    expect(appender.pending().records).toBe(10)
    expect(appender.open()).toBe(false)
    makeRoom()
    await until(() => done.length === 10)
    const wanted = Array.from({ length: acknowledged + 10 }, (_, id) => id)
    expect(done).toEqual(wanted.slice(acknowledged))
    expect(await idsOf(TOPICS.readings)).toEqual(wanted)
    expect([appender.blocked(), appender.open(), appender.pending().records]).toEqual([null, true, 0])
    expect(changes).toContain('log-unavailable')
    expect(changes.at(-1)).toBe(undefined)
    await appender.close()
  })

  test("a follower's commits wait and are neither lost nor doubled", async () => {
    const acknowledged = await fill()
    const { follower, seen, errors } = watch(
      log,
      { batchRecords: 5 },
      {
        process: (batch) =>
          effects(batch, {
            emit: [...batch.records].map(({ value }) => ({
              topic: TOPICS.alerts,
              key: 'k',
              value,
              partition: 0,
            })),
          }),
      },
    )
    await until(() => errors.length >= 3)
    expect(errors.every((error) => 'code' in error && error.code === 'log-unavailable')).toBe(true)
    expect(await readTopic(log, TOPICS.alerts)).toEqual([])
    makeRoom()
    await until(async () => (await follower.lag()).get(0) === 0)
    await follower.stop()
    expect(await idsOf(TOPICS.alerts)).toEqual(Array.from({ length: acknowledged }, (_, id) => id))
    expect(seen.filter(({ partition }) => partition === 0)).toHaveLength(1)
  })
})
