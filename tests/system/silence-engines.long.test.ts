/**
 * Silence over several engine processes on Kafka, each with one partition: none hears what the others do but by the pulses in
 * the log (decision 0012). Who is silent is told once, ingest being down is told once and only when it is, and a
 * replay of the log by one undisturbed engine tells the same.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { loadPipelines } from '../../src/app/pipelines.ts'
import { loadConfig } from '../../src/config/load.ts'
import { partitionOf } from '../../src/core/murmur2.ts'
import type { EventLog } from '../../src/core/ports.ts'
import type { AlertEvent } from '../../src/core/records.ts'
import { INGEST } from '../../src/core/silence.ts'
import { openEventLog } from '../../src/eventlog/open.ts'
import { recordsOf, undisturbed, valuesOf } from '../support/committed.ts'
import { sharedKafka } from '../support/kafka.ts'
import { type Program, startProgram, untilReady, unusedPort } from '../support/program.ts'
import { requires } from '../support/requires.ts'
import { told } from '../support/silent-plant.ts'

vi.setConfig({ testTimeout: 600_000 })

const PARTITIONS = 4
const AFTER_MS = 10_000
const EVERY_MS = 500
const WAIT = { timeout: 120_000, interval: 500 }
const HOME = partitionOf(INGEST, PARTITIONS)
/** Two in each partition. */
const ASSETS = Array.from({ length: PARTITIONS }, (_, partition) =>
  Array.from({ length: 100 }, (_, i) => `pump-${i}`)
    .filter((asset) => partitionOf(asset, PARTITIONS) === partition)
    .slice(0, 2),
).flat()
/** Of another partition than the one that tells of ingest. */
const SPEAKER = ASSETS.find((asset) => partitionOf(asset, PARTITIONS) !== HOME)!

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

interface Engine {
  readonly program: Program
  readonly port: number
}

async function startPlant() {
  const dir = mkdtempSync(join(tmpdir(), 'forewarn-silence-'))
  undo.push(() => rmSync(dir, { recursive: true, force: true }))
  const config = join(dir, 'forewarn.yaml')
  const name = `silence-${process.pid}`
  const kafka = { brokers: await sharedKafka(), sessionTimeout: '3s' }
  const noData = { after: `${AFTER_MS}ms`, severity: 'medium' }
  const file = {
    log: { adapter: 'kafka', prefix: `${name}.`, group: name, partitions: PARTITIONS, kafka },
    pipelines: [{ name: 'pumps', assets: 'pump-*', window: { size: '5s', lateness: '1s' }, noData }],
  }
  writeFileSync(config, JSON.stringify(file))
  const { settings } = loadConfig({ file: config, env: {}, flags: {}, modelsDir: '' })
  const log = await openEventLog(settings.log)
  undo.push(() => log.close())
  return {
    settings,
    log,
    async start(): Promise<Engine> {
      const port = await unusedPort()
      const program = startProgram(['up', '--role', 'engine', '--config', config, '--http', String(port)])
      undo.push(() => program.child.kill('SIGKILL'))
      await untilReady(program, port)
      return { program, port }
    },
  }
}

/** Partitions that an engine owns, by the figures that it shows. */
async function ownedBy({ port }: Engine): Promise<number[]> {
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return [...page.matchAll(/^forewarn_consumer_lag_records\{partition="([0-9]+)"/gm)].map(([, at]) =>
    Number(at),
  )
}

/** Readings of those that speak, until it is changed. */
function startSpeaking(log: EventLog, topic: string) {
  const speaking = new Set<string>()
  let isOver = false
  const done = (async () => {
    while (!isOver) {
      const ts = Date.now()
      const values = { temperature: 60 + ((ts / EVERY_MS) % 3) }
      const records = [...speaking].map((asset) => ({
        topic,
        key: asset,
        value: Buffer.from(JSON.stringify({ asset, ts, values })),
      }))
      if (records.length > 0) await log.append(records)
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
    }
  })()
  return {
    only(assets: readonly string[]) {
      speaking.clear()
      for (const asset of assets) speaking.add(asset)
    },
    async stop() {
      isOver = true
      await done
    },
  }
}

async function alertsIn(log: EventLog, topic: string): Promise<string[]> {
  const records = (await recordsOf(log, topic)).flat()
  return told(records.map(({ value }) => JSON.parse(new TextDecoder().decode(value!)) as AlertEvent)).sort()
}

test.skipIf(requires('kafka').missing)(
  'one asset speaks to one of four engines: the others know by its pulses; then nobody speaks, and one alert says so',
  async () => {
    const { settings, log, start } = await startPlant()
    const { topics } = settings.log
    const engines = await Promise.all(Array.from({ length: PARTITIONS }, start))
    await expect
      .poll(async () => (await Promise.all(engines.map(ownedBy))).map(({ length }) => length), WAIT)
      .toEqual([1, 1, 1, 1])
    const voices = startSpeaking(log, topics.readings)
    const alerts = () => alertsIn(log, topics.alerts)

    voices.only(ASSETS)
    await new Promise((resolve) => setTimeout(resolve, AFTER_MS))
    expect(await alerts()).toEqual([])

    voices.only([SPEAKER])
    const silent = ASSETS.filter((asset) => asset !== SPEAKER).sort()
    const raised = silent.map((asset) => `raised ${asset}`)
    await expect.poll(alerts, WAIT).toEqual(raised)
    // Long enough for ingest to be down, if the partition that tells of it did not know better.
    await new Promise((resolve) => setTimeout(resolve, 2 * AFTER_MS))
    expect(await alerts()).toEqual(raised)

    voices.only([])
    const all = [`raised ${INGEST}`, ...raised].sort()
    await expect.poll(alerts, WAIT).toEqual(all)
    // Who told it dies; another one that takes its place has nothing to add.
    const owned = await Promise.all(engines.map(ownedBy))
    const teller = engines[owned.findIndex((partitions) => partitions.includes(HOME))]!
    teller.program.child.kill('SIGKILL')
    await teller.program.ended
    await start()
    await new Promise((resolve) => setTimeout(resolve, 2 * AFTER_MS))
    expect(await alerts()).toEqual(all)

    voices.only(ASSETS)
    const cleared = [INGEST, ...silent].map((asset) => `cleared ${asset}`)
    await expect.poll(alerts, WAIT).toEqual([...all, ...cleared].sort())
    await voices.stop()
    for (const { program } of engines) if (program !== teller.program) program.child.kill('SIGTERM')
    await Promise.all(engines.map(({ program }) => program.ended))

    const readings = await recordsOf(log, topics.readings)
    const pulses = readings.map((records) => records.filter(({ headers }) => headers.type === 'pulse').length)
    expect(Math.min(...pulses)).toBeGreaterThan(10)
    const { pipelines, dispose } = await loadPipelines(settings)
    const replay = await undisturbed(settings, pipelines, readings)
    expect(await valuesOf(replay, topics.alerts)).toEqual(await valuesOf(log, topics.alerts))
    dispose()
  },
)
