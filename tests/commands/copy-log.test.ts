/** Moving from the embedded log to another: the same keys, the same order of each, every record once. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { copyLog } from '../../src/commands/copy-log.ts'
import { copyReadings } from '../../src/commands/log-copy.ts'
import type { LogSettings } from '../../src/config/settings.ts'
import type { EventLog, NewRecord } from '../../src/core/ports.ts'
import { RECORD_TYPE, topicNames } from '../../src/core/topics.ts'
import { createMemoryLog } from '../../src/eventlog/memory.ts'
import { openEventLog } from '../../src/eventlog/open.ts'
import { kafkaSettings, sharedKafka } from '../support/kafka.ts'
import { requires } from '../support/requires.ts'

const topics = topicNames('forewarn.')
const { readings: topic } = topics

const reading = (asset: string, n: number): NewRecord => ({
  topic,
  key: asset,
  value: Buffer.from(JSON.stringify({ asset, ts: n, values: { n } })),
  headers: n % 3 === 0 ? { traceparent: `00-${n}` } : {},
})
const command = (asset: string, id: string): NewRecord => ({
  topic,
  key: asset,
  value: Buffer.from(JSON.stringify({ id, command: 'acknowledge', asset })),
  headers: { type: RECORD_TYPE.command },
})
const tick = (partition: number, ts: number): NewRecord => ({
  topic,
  key: null,
  value: Buffer.from(JSON.stringify({ ts, elapsed: 1000 })),
  headers: { type: RECORD_TYPE.tick },
  partition,
})

interface Seen {
  readonly partition: number
  readonly key: string | null
  readonly value: string
  readonly headers: Readonly<Record<string, string>>
}

async function readAll(log: EventLog, name = topic): Promise<Seen[]> {
  const all: Seen[] = []
  for (let partition = 0; partition < log.partitions; partition++) {
    for await (const records of log.read(name, partition, 0)) {
      for (const { key, value, headers } of records) {
        all.push({ partition, key, value: Buffer.from(value ?? []).toString(), headers: { ...headers } })
      }
    }
  }
  return all
}

/** What came of each asset, in order, without where it stood. */
function byAsset(seen: readonly Seen[]): Map<string, string[]> {
  const assets = new Map<string, string[]>()
  for (const { key, value, headers } of seen) {
    if (key === null) continue
    const line = `${value} ${JSON.stringify(headers)}`
    assets.set(key, [...(assets.get(key) ?? []), line])
  }
  return assets
}

const copyAll = (from: EventLog, to: EventLog, batchRecords = 7) =>
  copyReadings({ from, to, fromTopic: topic, topics, batchRecords })

describe('through the port', () => {
  test('each asset keeps its order, whatever the partitions and the appends', async () => {
    const assets = fc.constantFrom('pump-1', 'pump-2', 'motor-1', 'fan-7', 'fan-8')
    const count = fc.integer({ min: 1, max: 6 })
    await fc.assert(
      fc.asyncProperty(fc.array(assets, { maxLength: 60 }), count, count, count, async (keys, a, b, most) => {
        const from = createMemoryLog({ partitions: a, topics })
        const to = createMemoryLog({ partitions: b, topics })
        const records = keys.map((asset, n) => reading(asset, n))
        for (const record of records) await from.append([record])
        expect(await copyAll(from, to, most)).toEqual({
          readings: keys.length,
          commands: 0,
          ticks: 0,
          ticksLeftOut: 0,
        })
        const [before, after] = [await readAll(from), await readAll(to)]
        expect(byAsset(after)).toEqual(byAsset(before))
        if (a === b) expect(after).toEqual(before)
      }),
    )
  })

  test('with as many partitions commands and ticks go along, each where it stood', async () => {
    const from = createMemoryLog({ partitions: 3, topics })
    const to = createMemoryLog({ partitions: 3, topics })
    await from.append([reading('pump-1', 1), tick(0, 1000), tick(1, 1000), tick(2, 1000)])
    await from.append([command('pump-1', 'c1'), reading('pump-1', 2), tick(2, 2000)])
    expect(await copyAll(from, to)).toEqual({ readings: 2, commands: 1, ticks: 4, ticksLeftOut: 0 })
    expect(await readAll(to)).toEqual(await readAll(from))
  })

  test('with another count ticks stay behind, and are counted', async () => {
    const from = createMemoryLog({ partitions: 3, topics })
    const to = createMemoryLog({ partitions: 5, topics })
    await from.append([reading('pump-1', 1), tick(0, 1000), tick(1, 1000), command('pump-1', 'c1')])
    expect(await copyAll(from, to)).toEqual({ readings: 1, commands: 1, ticks: 0, ticksLeftOut: 2 })
    expect(byAsset(await readAll(to))).toEqual(byAsset(await readAll(from)))
  })

  test('large records go one by one', async () => {
    const from = createMemoryLog({ partitions: 1, topics })
    const to = createMemoryLog({ partitions: 1, topics })
    const appends: number[] = []
    const watched: EventLog = {
      ...to,
      append: (records) => {
        appends.push(records.length)
        return to.append(records)
      },
    }
    const big = (n: number) => ({ ...reading('pump-1', n), value: Buffer.alloc(700_000, n) })
    await from.append([big(1), big(2), big(3)])
    expect(await copyAll(from, watched, 1000)).toMatchObject({ readings: 3 })
    expect(Math.max(...appends)).toBeLessThanOrEqual(2)
  })

  test.each([topic, topics.state])('a log whose %s is in use is refused', async (used) => {
    const from = createMemoryLog({ partitions: 2, topics })
    const to = createMemoryLog({ partitions: 2, topics })
    await from.append([reading('pump-1', 1)])
    await to.append([{ ...reading('pump-2', 2), topic: used }])
    await expect(copyAll(from, to)).rejects.toThrow(`${used} is in use already (1 records)`)
    expect((await readAll(to)).filter(({ key }) => key === 'pump-1')).toEqual([])
  })

  test('somebody else who writes meanwhile is found out', async () => {
    const from = createMemoryLog({ partitions: 2, topics })
    const to = createMemoryLog({ partitions: 2, topics })
    await from.append([reading('pump-1', 1)])
    const disturbed: EventLog = {
      ...to,
      append: (records) => to.append([...records, reading('stranger', 9)]),
    }
    await expect(copyAll(from, disturbed)).rejects.toThrow(
      '1 records were copied, and forewarn.readings holds 2',
    )
  })

  test('a copy that breaks off says how far it came', async () => {
    const from = createMemoryLog({ partitions: 1, topics })
    let appends = 0
    const to = createMemoryLog({
      partitions: 1,
      topics,
      fault: () => {
        if (++appends === 3) throw new Error('no more')
      },
    })
    await from.append(Array.from({ length: 9 }, (_, n) => reading('pump-1', n)))
    await expect(copyAll(from, to, 2)).rejects.toThrow(/broke off after [46] records \(no more\)/)
  })
})

describe('the command', () => {
  let folder: string
  let told: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forewarn-copy-'))
    told = ''
    for (const channel of ['log', 'error'] as const) {
      vi.spyOn(console, channel).mockImplementation((text) => {
        told += `${text}\n`
      })
    }
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
    await rm(folder, { recursive: true })
  })

  const settings = (more: Partial<LogSettings> = {}): LogSettings => ({
    adapter: 'embedded',
    dir: folder,
    partitions: 3,
    group: 'forewarn',
    topics,
    ticksMs: null,
    retentionMs: 86_400_000,
    maxBytes: 2 ** 30,
    batchRecords: 100,
    batchWaitMs: 1,
    ...more,
  })

  async function fill(): Promise<Seen[]> {
    const log = await openEventLog(settings())
    const records = Array.from({ length: 500 }, (_, n) => reading(`pump-${n % 9}`, n))
    await log.append([...records, tick(0, 1000), command('pump-1', 'c1')])
    const seen = await readAll(log)
    await log.close()
    return seen
  }

  test('says what it needs', async () => {
    await expect(copyLog({ data: folder })).rejects.toThrow('--kafka HOST:PORT')
    await expect(copyLog({ data: folder, kafka: '127.0.0.1:1' })).rejects.toThrow(
      `there is no log in ${folder}`,
    )
    await fill()
    await expect(copyLog({ data: folder, kafka: '127.0.0.1:1', fromTopic: 'other' })).rejects.toThrow('other')
  })

  test('leaves a log alone that a program runs on', async () => {
    const log = await openEventLog(settings())
    await log.append([reading('pump-1', 1)])
    await expect(copyLog({ data: folder, kafka: '127.0.0.1:1' })).rejects.toThrow('is in use by process')
    await log.close()
  })

  describe.skipIf(requires('kafka').missing)('on Kafka', () => {
    test.each([3, 5])('appends all to %d partitions there, once', async (partitions) => {
      const before = await fill()
      const kafka = await sharedKafka()
      const prefix = `copy-${process.pid}-${partitions}.`
      vi.stubEnv('FOREWARN_LOG_PREFIX', prefix)
      vi.stubEnv('FOREWARN_LOG_PARTITIONS', String(partitions))
      await copyLog({ data: folder, kafka, fromTopic: topic })
      const ticks = partitions === 3 ? '1 ticks' : '0 ticks'
      expect(told).toContain(
        `copied 500 readings, 1 commands and ${ticks} from ${folder} to ${prefix}readings`,
      )
      expect(told).toContain(`forewarn up --kafka ${kafka}`)

      const there = await openEventLog(
        settings({
          adapter: 'kafka',
          kafka: kafkaSettings(kafka),
          partitions,
          topics: topicNames(prefix),
        }),
        { readOnly: true },
      )
      const after = await readAll(there, `${prefix}readings`)
      await there.close()
      expect(byAsset(after)).toEqual(byAsset(before))
      if (partitions === 3) expect(after).toEqual(before)
      await expect(copyLog({ data: folder, kafka, fromTopic: topic })).rejects.toThrow('is in use already')
    })
  })
})
