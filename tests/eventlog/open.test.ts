/** The log that the settings name, with retention in the background. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LogSettings } from '../../src/config/settings.ts'
import { openEventLog } from '../../src/eventlog/open.ts'
import { GROUP, PARTITIONS, reading, readTopic, record, shown, TOPICS, until } from './harness.ts'

let settings: LogSettings
beforeEach(() => {
  settings = {
    adapter: 'embedded',
    dir: mkdtempSync(join(tmpdir(), 'forewarn-log-')),
    partitions: PARTITIONS,
    group: GROUP,
    topics: TOPICS,
    ticksMs: null,
    retentionMs: 60_000,
    maxBytes: 1e9,
    batchRecords: 100,
    batchWaitMs: 1,
  }
})
afterEach(() => rmSync(settings.dir, { recursive: true }))

test('embedded keeps what memory forgets', async () => {
  for (const [adapter, left] of [
    ['embedded', ['a=1']],
    ['memory', []],
  ] as const) {
    const log = await openEventLog({ ...settings, adapter })
    await log.append([reading('a', '1')])
    await log.close()
    const again = await openEventLog({ ...settings, adapter })
    expect(shown(await readTopic(again, TOPICS.readings))).toEqual(left)
    await again.close()
  }
})

test('read-only opens what is there and writes nothing', async () => {
  await expect(openEventLog(settings, { readOnly: true })).rejects.toMatchObject({ code: 'not-found' })
  const log = await openEventLog(settings)
  await log.append([reading('a', '1')])
  await log.close()
  const visitor = await openEventLog({ ...settings, partitions: 99 }, { readOnly: true })
  expect(visitor.partitions).toBe(PARTITIONS)
  expect(shown(await readTopic(visitor, TOPICS.readings))).toEqual(['a=1'])
  await expect(visitor.append([reading('a', '2')])).rejects.toMatchObject({ code: 'usage' })
  const follow = () =>
    visitor.follow({
      topic: TOPICS.readings,
      group: 'g',
      open: () => {
        throw new Error('a visitor has no group')
      },
    })
  expect(follow).toThrow(expect.objectContaining({ code: 'usage' }))
  await visitor.close()
})

test.each(['embedded', 'memory'] as const)(
  '%s: retention runs by itself until the log is closed',
  async (adapter) => {
    let nowMs = 0
    let rounds: (() => void)[] = []
    const scheduler = {
      after: (_: number, task: () => void) => {
        rounds.push(task)
        return () => {
          rounds = rounds.filter((one) => one !== task)
        }
      },
      turn: () => new Promise<void>((resolve) => setImmediate(resolve)),
    }
    const log = await openEventLog({ ...settings, adapter }, { now: () => nowMs, scheduler })
    for (let i = 0; i < 300; i++) await log.append([record(TOPICS.scores, 'k', `${i}`, 0)])
    nowMs = 50_000
    await log.append([record(TOPICS.scores, 'k', 'young', 0)])
    nowMs = 100_000
    expect(rounds).toHaveLength(1)
    rounds.shift()!()
    await until(async () => (await readTopic(log, TOPICS.scores)).length === 1)
    expect(shown(await readTopic(log, TOPICS.scores))).toEqual(['k=young'])
    await until(() => rounds.length === 1)
    await log.close()
    expect(rounds).toEqual([])
  },
)
