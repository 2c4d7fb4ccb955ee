import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { loadPipelines } from '../../src/app/pipelines.ts'
import { type BacktestOptions, backtest } from '../../src/commands/backtest.ts'
import { loadConfig } from '../../src/config/load.ts'
import { openEventLog } from '../../src/eventlog/open.ts'
import { valuesOf } from '../support/committed.ts'
import { deliverDay } from '../support/deliver-day.ts'
import { makeDay } from '../support/plant-day.ts'
import { runEngine } from '../support/run-engine.ts'

/** Every kind of window, and rules that the day's failures raise and end. */
const PIPELINES = [
  ['tumbling', '{ size: 5m, lateness: 1m, idle: 7m }'],
  ['hopping', '{ size: 5m, hop: 2m, lateness: 1m, idle: 7m }'],
  ['counted', '{ count: 7, lateness: 1m, idle: 7m }'],
  ['sessions', '{ session: 3m, max: 5m, lateness: 1m, idle: 14m }'],
] as const

const yaml = (above: number, onDelay: number) =>
  [
    'log: { partitions: 3, retention: 3650d }',
    'pipelines:',
    ...PIPELINES.map(
      ([name, window]) =>
        `  - { name: ${name}, assets: pump-*, window: ${window}, learn: 20, alerts: [ { rule: ${name}-risk, above: ${above}, clearBelow: 0.5, onDelay: ${onDelay}, severity: high } ] }`,
    ),
  ].join('\n')

const day = makeDay({
  seed: 3,
  assets: 9,
  hours: 6,
  late: 0.02,
  duplicate: 0.01,
  malformed: 0.001,
  silent: 1,
  failing: 2,
  badClocks: true,
})
let folder: string
let config: string
let live: { scores: string[]; alerts: string[] }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forewarn-backtest-'))
  config = join(folder, 'live.yaml')
  await writeFile(config, yaml(0.9, 2))
  const { settings } = loadConfig({
    file: config,
    env: {},
    flags: { 'log.dir': join(folder, 'data') },
    modelsDir: 'models',
  })
  const wall = { nowMs: day.startMs }
  const log = await openEventLog(settings.log, { now: () => wall.nowMs })
  await deliverDay(settings, log, day, wall)
  const { pipelines, dispose } = await loadPipelines(settings)
  await runEngine(settings, pipelines, log)
  dispose()
  const values = async (topic: string) =>
    (await valuesOf(log, topic)).flat().map((text) => text.slice(text.indexOf(' ') + 1))
  live = {
    scores: await values(settings.log.topics.scores),
    alerts: await values(settings.log.topics.alerts),
  }
  await log.close()
})
afterAll(() => rm(folder, { recursive: true }))

async function run(options: BacktestOptions = {}) {
  const output = join(folder, 'out.jsonl')
  const printed: string[] = []
  const print = vi.spyOn(console, 'log').mockImplementation((line) => printed.push(String(line)))
  await backtest({ config, data: join(folder, 'data'), output, ...options })
  print.mockRestore()
  const lines = (await readFile(output, 'utf8')).split('\n').filter(Boolean)
  return {
    printed: printed.join('\n'),
    scores: lines.filter((line) => !line.includes('"specversion"')),
    alerts: lines.filter((line) => line.includes('"specversion"')),
  }
}

interface Changed {
  readonly change: string
  readonly byMs: number
  readonly would: { readonly rule: string } | null
}
const changesOf = (printed: string): readonly Changed[] => JSON.parse(printed).alerts

describe('the config that live had', () => {
  test('gives its scores and alerts byte for byte, on every kind of window', async () => {
    const { scores, alerts, printed } = await run()
    expect(scores).toEqual(live.scores)
    expect(alerts).toEqual(live.alerts)
    for (const [name] of PIPELINES) expect(printed).toContain(`${name}-risk`)
    expect(printed).toMatch(/(\d+) alerts would have been raised, \1 were: \1 the same, 0 earlier/)
  })

  test('in a range: the windows wholly inside, with all that was learned before it', async () => {
    const fromMs = day.startMs + 2.5 * 3_600_000 + 100_000
    const toMs = fromMs + 5_000_000
    const { scores, alerts } = await run({ from: new Date(fromMs).toISOString(), to: String(toMs) })
    expect(scores).toEqual(
      live.scores.filter((line) => {
        const { windowStart, windowEnd } = JSON.parse(line)
        return windowStart >= fromMs && windowEnd <= toMs
      }),
    )
    expect(scores.length).toBeGreaterThan(100)
    expect(alerts).toEqual(
      live.alerts.filter(
        (line) => Date.parse(JSON.parse(line).time) > fromMs && Date.parse(JSON.parse(line).time) <= toMs,
      ),
    )
    expect(alerts.length).toBeGreaterThan(0)
  })

  test('without the time in which normals were learned alerts come later or not at all', async () => {
    const from = new Date(day.startMs + 2.5 * 3_600_000).toISOString()
    const { printed } = await run({ from, warmUp: 0, json: true })
    const changes = changesOf(printed).map(({ change }) => change)
    expect(changes).toContain('missing')
    expect(changes.filter((change) => change !== 'missing' && change !== 'later')).toEqual([])
    expect(JSON.parse(printed)).toMatchObject({ begins: 'warm-up', counts: { same: 0 } })
  })
})

test('other rules: what would come earlier, later, not at all', async () => {
  const other = join(folder, 'other.yaml')
  await writeFile(other, yaml(0.9, 1))
  const earlier = changesOf((await run({ config: other, json: true })).printed)
  const tumbling = earlier.filter(({ would }) => would?.rule === 'tumbling-risk')
  expect(tumbling).toEqual([
    expect.objectContaining({ change: 'earlier', byMs: 300_000 }),
    expect.objectContaining({ change: 'earlier', byMs: 300_000 }),
  ])
  await writeFile(other, yaml(0.9, 3))
  const text = (await run({ config: other })).printed
  expect(text).toMatch(/> later by 300 s +pump-\d {2}tumbling-risk {2}high {2}.*\(was /)
  await writeFile(other, yaml(0.9, 500))
  const { alerts, printed } = await run({ config: other, json: true })
  expect(alerts).toEqual([])
  expect(changesOf(printed).every(({ change }) => change === 'missing')).toBe(true)
})

test('a model in the place of the normal; which pipeline it is for must be clear', async () => {
  const one = join(folder, 'one.yaml')
  const pipeline = '{ name: pumps, assets: pump-*, window: { size: 5s, lateness: 1s, idle: 10s } }'
  await writeFile(one, `log: { partitions: 3 }\npipelines: [ ${pipeline} ]`)
  const model = 'models/pump-health/1.0.0'
  const { printed, scores } = await run({ config: one, model, to: String(day.startMs + 3_600_000) })
  expect(printed).toContain('pipeline pumps: pump-health 1.0.0')
  expect(JSON.parse(scores[0]!)).toMatchObject({ model: 'pump-health', modelVersion: '1.0.0' })
  await expect(run({ model })).rejects.toThrow('in which pipeline? --pipeline takes one of tumbling')
  await expect(run({ model, pipeline: 'hoping' })).rejects.toMatchObject({ code: 'usage' })
  await expect(run({ model, pipeline: 'tumbling' })).rejects.toMatchObject({ code: 'model' })
})

test('wrong times', async () => {
  await expect(run({ from: 'yesterday' })).rejects.toMatchObject({ code: 'usage' })
  await expect(run({ from: '2000', to: '1000' })).rejects.toThrow('--from 2000 is not before --to 1000')
})
