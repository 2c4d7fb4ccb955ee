/**
 * Another version of a model from one life of the engine to the next, each life ended by kill -9 in the middle
 * (check 11): a score names the version that made it, no commit mixes two, and no window is scored twice.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createFleet } from '../../simulators/fleet.ts'
import { SHIPPED_MODELS } from '../../src/commands/version.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { EventLog } from '../../src/core/ports.ts'
import { openEventLog } from '../../src/eventlog/open.ts'
import { until } from '../eventlog/harness.ts'
import { valuesOf } from '../support/committed.ts'
import { sharedKafka } from '../support/kafka.ts'
import { runProgram, startProgram } from '../support/program.ts'
import { requires } from '../support/requires.ts'

const ASSETS = 8
const APPEND_RECORDS = 2000
/** More scores than these before a life is ended. */
const SCORES_OF_A_LIFE = 300
const WITHIN_MS = 120_000

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

interface Scored {
  readonly asset: string
  readonly windowStart: number
  readonly modelVersion: string
}

/** The shipped model, and the same one as version 2.0.0. */
function makeModels(dir: string): void {
  for (const version of ['1.0.0', '2.0.0']) {
    const folder = join(dir, 'pump-health', version)
    cpSync(join(SHIPPED_MODELS, 'pump-health', '1.0.0'), folder, { recursive: true })
    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as object
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, version }))
  }
}

async function makePlant() {
  const dir = mkdtempSync(join(tmpdir(), 'forewarn-models-'))
  undo.push(() => rmSync(dir, { recursive: true, force: true }))
  makeModels(join(dir, 'models'))
  const brokers = await sharedKafka()
  const prefix = `models-${process.pid}.`
  const configOf = (version: string) => {
    const file = join(dir, `${version}.json`)
    const config = {
      log: { adapter: 'kafka', prefix, group: `${prefix}engine`, kafka: { brokers, sessionTimeout: '2s' } },
      http: { port: 0 },
      models: { dir: join(dir, 'models') },
      // Small ones, so that a life ends between snapshots, with many commits behind it.
      limits: { batchRecords: 20, snapshotRecords: 2000 },
      pipelines: [
        {
          name: 'pump-health',
          assets: 'pump-*',
          window: { size: '5s', lateness: '1s' },
          model: `pump-health@${version}`,
          alerts: [{ rule: 'failure', above: 0.8, clearBelow: 0.6, onDelay: 2 }],
        },
      ],
    }
    writeFileSync(file, JSON.stringify(config))
    return file
  }
  const configs = { '1.0.0': configOf('1.0.0'), '2.0.0': configOf('2.0.0') }
  const { settings } = loadConfig({ file: configs['1.0.0'], env: {}, flags: {}, modelsDir: '' })
  const log = await openEventLog(settings.log)
  undo.push(() => log.close())
  return { configs, log, topics: settings.log.topics }
}

async function fill(log: EventLog, topic: string): Promise<void> {
  const fleet = createFleet(
    { pump: ASSETS },
    { seed: 11, startMs: Date.now() - 86_400_000, intervalMs: 500, durationMs: 1_800_000, faults: [] },
  )
  const encoder = new TextEncoder()
  const all = [...fleet.readings()].map((reading) => ({
    topic,
    key: reading.asset,
    value: encoder.encode(JSON.stringify(reading)),
  }))
  for (let at = 0; at < all.length; at += APPEND_RECORDS) await log.append(all.slice(at, at + APPEND_RECORDS))
}

test.skipIf(requires('kafka').missing ?? requires('native').missing)(
  'a changed model takes over between two commits (check 11)',
  { timeout: 4 * WITHIN_MS },
  async () => {
    const { configs, log, topics } = await makePlant()
    await fill(log, topics.readings)
    const scores = async () =>
      (await valuesOf(log, topics.scores)).map((values) =>
        values.map((text) => JSON.parse(text.slice(text.indexOf(' ') + 1)) as Scored),
      )
    const count = async () => (await log.bounds(topics.scores)).reduce((sum, { end }) => sum + end, 0)
    for (const version of ['1.0.0', '2.0.0'] as const) {
      const before = await count()
      const life = startProgram(['up', '--role', 'engine', '--config', configs[version]])
      undo.push(() => life.child.kill('SIGKILL'))
      await until(async () => (await count()) > before + SCORES_OF_A_LIFE, WITHIN_MS)
      life.child.kill('SIGKILL')
      await life.ended
    }
    const last = await runProgram([
      ...['up', '--role', 'engine', '--until-caught-up'],
      ...['--config', configs['2.0.0']],
    ])
    expect(last.status, last.output).toBe(0)

    const found = await scores()
    const windows = found.flat().map(({ asset, windowStart }) => `${asset} ${windowStart}`)
    expect(new Set(windows).size).toBe(windows.length)
    const versions = new Set(found.flat().map(({ modelVersion }) => modelVersion))
    expect([...versions].sort()).toEqual(['1.0.0', '2.0.0'])
    for (const partition of found) {
      // Commits of a partition stand one behind the other: where none is mixed, the versions don't alternate either.
      const order = partition.map(({ modelVersion }) => modelVersion)
      expect(order).toEqual([...order].sort())
    }
  },
)
