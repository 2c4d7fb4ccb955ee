import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { startApp } from '../../src/app/app.ts'
import { listDeadLetters, replay, showDeadLetter } from '../../src/commands/dead-letters.ts'
import { loadConfig } from '../../src/config/load.ts'
import { deadLetterRecord } from '../../src/core/dead-letter.ts'
import type { EventLog } from '../../src/core/ports.ts'
import type { DeadLetterReason } from '../../src/core/topics.ts'
import { openEventLog } from '../../src/eventlog/open.ts'
import { createLogger } from '../../src/observe/logger.ts'
import { recordsOf } from '../support/committed.ts'

let folder: string
let config: string
let printed = ''
let warned = ''
const T0 = Date.parse('2026-03-01T00:00:00Z')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forewarn-letters-'))
  config = join(folder, 'forewarn.yaml')
  await writeFile(
    config,
    [
      'mqtt: { port: 0 }',
      'http: { port: 0 }',
      'log: { partitions: 2, retention: 3650d, ticks: off }',
      'pipelines: [ { name: pumps, assets: pump-*, window: { size: 30s } } ]',
    ].join('\n'),
  )
})
afterAll(() => rm(folder, { recursive: true }))

let options: { config: string; data: string }
beforeEach(async () => {
  options = { config, data: await mkdtemp(join(folder, 'data-')) }
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += String(chunk)
    return true
  })
  vi.spyOn(console, 'error').mockImplementation((line) => {
    warned += `${line}\n`
  })
  await withLog(options.data, (log) => log.append(LETTERS))
})
afterEach(() => {
  vi.restoreAllMocks()
  printed = ''
  warned = ''
})

const settingsOf = (dir: string) =>
  loadConfig({ file: config, env: {}, flags: { 'log.dir': dir }, modelsDir: 'models' }).settings

async function withLog<Result>(dir: string, work: (log: EventLog) => Promise<Result>): Promise<Result> {
  const log = await openEventLog(settingsOf(dir).log)
  try {
    return await work(log)
  } finally {
    await log.close()
  }
}

function letter(
  n: number,
  reason: DeadLetterReason,
  asset: string | null,
  value: Uint8Array,
  truncated = false,
) {
  return deadLetterRecord(
    'forewarn.dead-letters',
    { reason, detail: `because ${n}`, key: asset, value, ...(truncated ? { truncated } : {}) },
    { source: 'mqtt', topic: `sensors/${asset ?? '?'}`, receivedAt: T0 + n * 60_000 },
  )
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value))
const good = (asset: string, n: number) => json({ asset, ts: T0 + n, values: { t: n } })
const LETTERS = [
  letter(0, 'schema', 'pump-1', good('pump-1', 0)),
  letter(1, 'not-json', null, Buffer.from([0xff, 0x00, 0x41])),
  letter(2, 'unassigned', 'pump-2', good('pump-2', 2)),
  letter(3, 'too-large', 'pump-3', Buffer.from('{"asset":"pu'), true),
  letter(4, 'schema', 'motor-1', good('motor-1', 4)),
]

test('list: a row for each, then how many of each reason; by reason, asset and time', async () => {
  await listDeadLetters(options)
  expect(printed.trimEnd().split('\n')).toHaveLength(LETTERS.length + 1)
  expect(printed).toContain('5 dead letters: not-json 1, schema 2, too-large 1, unassigned 1')
  printed = ''
  await listDeadLetters({ ...options, reason: ['schema'], json: true })
  const rows = printed
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(rows.map(({ key }) => key).sort()).toEqual(['motor-1', 'pump-1'])
  expect(rows[0]).toMatchObject({ source: 'mqtt', replayed: false, reason: 'schema' })
  printed = ''
  const span = { from: '2026-03-01T00:02:00Z', to: String(T0 + 180_000) }
  await listDeadLetters({ ...options, ...span, asset: 'pump-*', json: true, counts: true })
  expect(JSON.parse(printed)).toEqual({ unassigned: 1 })
  await expect(listDeadLetters({ ...options, reason: ['scheme'] })).rejects.toThrow('did you mean schema?')
  await expect(listDeadLetters({ ...options, from: 'noon' })).rejects.toMatchObject({ code: 'usage' })
})

test('show: headers, the payload for people, and what a replay would do with it', async () => {
  await listDeadLetters({ ...options, json: true })
  const rows: { key: string | null; partition: number; offset: number }[] = printed
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const shown = async (key: string | null) => {
    const { partition, offset } = rows.find((row) => row.key === key)!
    printed = ''
    await showDeadLetter(`${partition}:${offset}`, options)
    return printed
  }
  expect(await shown('pump-1')).toMatch(/replay +would send 1 reading of pump-1\n.*"values": \{\n/s)
  expect(await shown('motor-1')).toContain('would be refused: unassigned: no pipeline takes asset motor-1')
  expect(await shown('pump-3')).toContain('would be refused: only its first 12 bytes were kept')
  expect(await shown(null)).toContain('000000  ff 00 41')
  await expect(showDeadLetter('0:999', options)).rejects.toMatchObject({ code: 'not-found' })
  await expect(showDeadLetter('pump-1', options)).rejects.toMatchObject({ code: 'usage' })
})

test('replay: once, however often it is run; the list tells which were sent', async () => {
  await expect(replay([], options)).rejects.toThrow('say --all')
  await replay([], { ...options, all: true })
  expect(printed).toContain('2 dead letters sent again, 2 readings; 0 were sent before, 3 refused')
  expect(warned).toContain('(header truncated)')
  await replay([], { ...options, all: true })
  expect(printed).toContain('0 dead letters sent again, 0 readings; 2 were sent before, 3 refused')
  const readings = await withLog(options.data, (log) => recordsOf(log, 'forewarn.readings'))
  expect(
    readings
      .flat()
      .map(({ key }) => key)
      .sort(),
  ).toEqual(['pump-1', 'pump-2'])
  printed = ''
  await listDeadLetters(options)
  expect(printed.match(/\(sent again\)/g)).toHaveLength(2)
})

test('a folder without a log is said, and none is made', async () => {
  const data = join(options.data, 'nothing-here')
  await expect(replay([], { config, data, all: true })).rejects.toMatchObject({ code: 'not-found' })
})

test('while the program is running: list and show look into its log, replay goes through its HTTP', async () => {
  const settings = settingsOf(options.data)
  const logger = createLogger({ level: 'silent' })
  const app = await startApp({ settings, role: 'all', untilCaughtUp: false, version: '0', logger })
  try {
    await listDeadLetters({ ...options, counts: true })
    expect(printed).toContain('5 dead letters')
    await expect(replay([], { ...options, all: true })).rejects.toThrow(/process \d+.*--url/s)
    await replay([], { ...options, all: true, url: app.httpUrl })
    expect(printed).toContain('2 dead letters sent again')
    await replay([], { ...options, reason: ['schema', 'unassigned'], url: app.httpUrl })
    expect(printed).toContain('0 dead letters sent again, 0 readings; 2 were sent before, 1 refused')
    expect((await recordsOf(app.log, settings.log.topics.readings)).flat()).toHaveLength(2)
    await vi.waitFor(async () => {
      const metrics = await (await fetch(new URL('/metrics', app.httpUrl))).text()
      expect(metrics).toContain('forewarn_replayed_total 2')
    })
  } finally {
    await app.stop()
  }
  await expect(replay([], { ...options, all: true, url: app.httpUrl })).rejects.toThrow('run it again')
  await expect(replay([], { ...options, all: true, url: 'here' })).rejects.toMatchObject({ code: 'usage' })
})
