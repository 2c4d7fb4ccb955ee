import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { lineOf, tail } from '../../src/commands/tail.ts'
import type { EventLog } from '../../src/core/ports.ts'
import { topicNames } from '../../src/core/topics.ts'
import { openEventLog } from '../../src/eventlog/open.ts'
import { until } from '../support/ingest.ts'

const topics = topicNames('forewarn.')
let folder: string
let log: EventLog
let printed: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forewarn-tail-'))
  log = await openEventLog({
    adapter: 'embedded',
    dir: folder,
    partitions: 4,
    group: 'forewarn',
    topics,
    ticksMs: null,
    retentionMs: 86_400_000,
    maxBytes: 2 ** 30,
    batchRecords: 100,
    batchWaitMs: 1,
  })
  printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += String(chunk)
    return true
  })
})
afterEach(async () => {
  vi.restoreAllMocks()
  await log.close()
  await rm(folder, { recursive: true })
})

const put = (asset: string, n: number) =>
  log.append([{ topic: topics.readings, key: asset, value: Buffer.from(JSON.stringify({ asset, n })) }])

interface Line {
  partition: number
  offset: number
  timestamp: number
  key: string
  headers: Record<string, string>
  value: { asset: string; n: number }
}

const lines = (): Line[] =>
  printed
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))

test('a topic as JSON Lines, by its short name or its full one, while its owner is running', async () => {
  for (let i = 0; i < 20; i++) await put(`pump-${i % 5}`, i)
  await tail('readings', { data: folder })
  expect(lines()).toHaveLength(20)
  for (const { partition, offset, timestamp, key, headers, value } of lines()) {
    expect({ partition, offset }).toEqual({ partition: expect.any(Number), offset: expect.any(Number) })
    expect(Math.abs(timestamp - Date.now())).toBeLessThan(60_000)
    expect(headers).toEqual({})
    expect(value.asset).toBe(key)
  }
  const all = printed
  printed = ''
  await tail('forewarn.readings', { data: folder, from: 'start' })
  expect(printed).toBe(all)
})

test('from a time on', async () => {
  await put('pump-1', 1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  const from = Date.now()
  await put('pump-1', 2)
  await put('pump-2', 3)
  await tail('readings', { data: folder, from: String(from) })
  expect(
    lines()
      .map(({ value }) => value.n)
      .sort(),
  ).toEqual([2, 3])
  printed = ''
  await tail('readings', { data: folder, from: new Date(from).toISOString() })
  expect(lines()).toHaveLength(2)
  printed = ''
  await tail('readings', { data: folder, from: '2999-01-01T00:00:00Z' })
  expect(printed).toBe('')
})

test('--follow goes on with what comes, until it is stopped', async () => {
  await put('pump-1', 1)
  const tailing = tail('readings', { data: folder, follow: true })
  for (let n = 2; !printed.includes('"n":'); n++) {
    await put('pump-1', n)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(lines().every(({ value }) => value.n > 1)).toBe(true)
  await put('pump-2', 1000)
  await until('the last', () => printed.includes('"n":1000'))
  process.emit('SIGTERM')
  await tailing
})

test('what is no JSON is shown in base64, what is a tombstone as null', () => {
  const record = { offset: 1, timestamp: 2, key: null, headers: { a: 'b' } }
  expect(lineOf(3, { ...record, value: Buffer.from([0xff, 0]) })).toBe(
    '{"partition":3,"offset":1,"timestamp":2,"key":null,"headers":{"a":"b"},"value":"/wA="}',
  )
  expect(JSON.parse(lineOf(0, { ...record, value: null }))).toMatchObject({ value: null })
  expect(JSON.parse(lineOf(0, { ...record, value: Buffer.from('no json') }))).toMatchObject({
    value: 'bm8ganNvbg==',
  })
})

test('a topic or a time that is none is said', async () => {
  await expect(tail('reading', { data: folder })).rejects.toThrow('no topic reading; did you mean readings?')
  await expect(tail('readings', { data: folder, from: 'noon' })).rejects.toThrow(
    '--from noon is no time; write start',
  )
  await expect(tail('readings', { data: join(folder, 'no') })).rejects.toThrow(/no/)
})
