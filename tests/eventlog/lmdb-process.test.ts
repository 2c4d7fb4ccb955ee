/**
 * The embedded log and other processes: killed owners, second owners, visitors. The moments of the kills are
 * spread evenly over a life of some commits.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLmdbLog } from '../../src/eventlog/lmdb.ts'
import { depth } from '../support/depth.ts'
import { startChild } from './child.ts'
import { catchUp, effects, GROUP, PARTITIONS, readAll, readTopic, record, TOPICS, text } from './harness.ts'

/** Check 14 asks for a hundred. */
const KILLS = depth(100, 20)
const LONGEST_LIFE_MS = 40

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'forewarn-log-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const open = () =>
  openLmdbLog({
    dir,
    partitions: PARTITIONS,
    topics: TOPICS,
    group: GROUP,
    retentionMs: Number.POSITIVE_INFINITY,
    maxBytes: Number.POSITIVE_INFINITY,
  })

test(`after ${KILLS} kills: every acknowledged record once, offsets without holes, commits whole`, async () => {
  const acknowledged: string[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    const child = startChild('own', dir)
    await child.said('durable')
    await new Promise((resolve) => setTimeout(resolve, (kill / KILLS) * LONGEST_LIFE_MS))
    await child.kill()
    const lines = child.lines()
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([])
    acknowledged.push(...lines.filter((line) => line.startsWith('durable')).map((line) => line.slice(8)))
  }
  const log = await open()
  const { errors } = await catchUp(
    log,
    {},
    {
      process: (batch) =>
        effects(batch, {
          emit: [...batch.records].map(({ key, value }) => ({ topic: TOPICS.alerts, key, value })),
        }),
    },
  )
  expect(errors).toEqual([])
  const readings = (await readTopic(log, TOPICS.readings)).map(({ value }) => text(value)!)
  const scores = (await readTopic(log, TOPICS.scores)).map(({ value }) => text(value)!)
  expect(new Set(readings).size).toBe(readings.length)
  expect(new Set(acknowledged).size).toBe(acknowledged.length)
  expect(acknowledged.filter((id) => !new Set(readings).has(id))).toEqual([])
  expect([...scores].sort()).toEqual([...readings].sort())
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const read = await readAll(log, TOPICS.readings, partition)
    const copied = await readAll(log, TOPICS.alerts, partition)
    expect(read.map(({ offset }) => offset)).toEqual(read.map((_, index) => index))
    expect(copied.map(({ value }) => text(value))).toEqual(read.map(({ value }) => text(value)))
  }
  await log.close()
}, 180_000)

test("a second process is refused with the owner's pid; when the owner is killed it gets in at once", async () => {
  const owner = startChild('hold', dir)
  await owner.said('opened')
  const refused = startChild('open', dir)
  expect(await refused.said('log-locked')).toContain(`process ${owner.pid}:`)
  await expect(open()).rejects.toMatchObject({ code: 'log-locked' })
  await owner.kill()
  const next = startChild('open', dir)
  expect(await next.said('opened')).toBe('opened')
  await next.ended
  expect(readdirSync(dir).filter((name) => name.endsWith('.sock'))).toEqual([])
})

test('an owner that is stopped but alive keeps the folder', async () => {
  const owner = startChild('hold', dir)
  await owner.said('opened')
  await owner.kill('SIGSTOP')
  await expect(open()).rejects.toMatchObject({ code: 'log-locked' })
  await owner.kill('SIGCONT')
  await owner.kill()
})

test('a visitor reads and follows beside the owner, while the file grows, and cannot write', async () => {
  const log = await open()
  await log.append([record(TOPICS.readings, 'k', 'before', 0)])
  const visitor = startChild('visit', dir)
  await visitor.said('seen before')
  for (let i = 0; i < 40; i++) {
    const value = Buffer.alloc(1024 * 1024, i)
    await log.append([{ topic: TOPICS.scores, key: 'k', value, partition: 0 }])
  }
  await log.append([record(TOPICS.readings, 'k', 'while', 0)])
  await visitor.said('seen while')
  await log.append([record(TOPICS.readings, 'k', 'end', 0)])
  await visitor.said('closed')
  expect(visitor.lines()).toEqual(['seen before', 'seen while', 'seen end', 'append: usage', 'closed'])
  expect(await visitor.ended).toBe(0)
  await log.close()
})

test('a visitor reads what a killed owner has left', async () => {
  const owner = startChild('hold', dir)
  await owner.said('opened')
  owner.stdin.write('end\n')
  await owner.said('durable end')
  await owner.kill()
  const visitor = startChild('visit', dir)
  expect(await visitor.said('seen')).toBe('seen end')
  await visitor.said('closed')
})
