/**
 * The engine alone, on a topic that was filled before: readings per second, CPU seconds per million and how long its
 * commits take, one, two and four engine processes, on the embedded log and on Kafka. `npm run bench engine [READINGS] [embedded|kafka] [BROKERS]`.
 * The broker's own CPU is not counted; its work shares the two cores all the same.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { freePort } from '../src/commands/free-port.ts'
import { loadConfig } from '../src/config/load.ts'
import type { NewRecord } from '../src/core/ports.ts'
import { openEventLog } from '../src/eventlog/open.ts'
import { type Buckets, commitMs, commitsOf, sumOf } from './commits.ts'
import { loadReadings } from './load-readings.ts'
import { PLANT_CONFIG, STEP_MS } from './plant.ts'
import { figuresOf } from './process.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const ASSETS = 1000
const APPEND_RECORDS = 2000
const POLL_MS = 100
/** The commits of the last moments before a program ends are not among those that are counted. */
const COMMITS_POLL_MS = 500
const HOST = '127.0.0.1'
const FIRST_PORT = 29_080
const PROCESSES = { embedded: [1], kafka: [1, 2, 4] } as const

type LogName = keyof typeof PROCESSES

interface Row {
  readonly log: string
  readonly engines: number
  readonly 'readings per second': number
  readonly 'CPU s per million': number
  readonly 'commit p50 ms': number
  readonly 'commit p99 ms': number
  readonly 'peak memory MB, all': number
}

export async function engine([
  readings = '1000000',
  only,
  brokers = '127.0.0.1:9092',
]: readonly string[]): Promise<void> {
  const logs = (Object.keys(PROCESSES) as LogName[]).filter((name) => only === undefined || name === only)
  const rows: Row[] = []
  for (const log of logs) {
    for (const engines of PROCESSES[log]) rows.push(await measure(log, engines, Number(readings), brokers))
  }
  console.table(rows)
}

async function measure(log: LogName, engines: number, readings: number, brokers: string): Promise<Row> {
  const dir = mkdtempSync(join(tmpdir(), 'forewarn-bench-'))
  const config = join(dir, 'forewarn.yaml')
  const kafka = log === 'kafka' ? { adapter: 'kafka', kafka: { brokers: brokers.split(',') } } : {}
  // Names of its own, so that every run begins with an empty topic and an empty group.
  const prefix = `bench-${Date.now()}.`
  writeFileSync(
    config,
    stringify({
      ...PLANT_CONFIG,
      http: { requestsPerMinute: 100_000 },
      log: { dir: join(dir, 'data'), prefix, group: prefix, ...kafka },
    }),
  )
  try {
    await fill(config, readings)
    return { log, engines, ...(await run(config, engines, readings)) }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Appends the readings as ingest would. */
async function fill(config: string, readings: number): Promise<void> {
  const { settings } = loadConfig({ file: config, env: {}, flags: {}, modelsDir: '' })
  const log = await openEventLog(settings.log)
  const encoder = new TextEncoder()
  const startTs = Date.now() - (readings / ASSETS) * STEP_MS
  let batch: NewRecord[] = []
  for (const reading of loadReadings(ASSETS, readings, STEP_MS, startTs)) {
    const value = encoder.encode(JSON.stringify(reading))
    batch.push({ topic: settings.log.topics.readings, key: reading.asset, value })
    if (batch.length < APPEND_RECORDS) continue
    await log.append(batch)
    batch = []
  }
  if (batch.length > 0) await log.append(batch)
  await log.close()
}

async function run(config: string, engines: number, readings: number): Promise<Omit<Row, 'log' | 'engines'>> {
  const ports: number[] = []
  while (ports.length < engines) ports.push(await freePort(HOST, (ports.at(-1) ?? FIRST_PORT) + 1))
  const startedMs = performance.now()
  const programs = ports.map((port) => start(config, port))
  const figures = new Map<number, ReturnType<typeof figuresOf>>()
  const commits = new Map<number, Buckets>()
  const timers = [
    setInterval(() => sample(programs, figures), POLL_MS),
    setInterval(() => void sampleCommits(ports, commits), COMMITS_POLL_MS),
  ]
  await Promise.all(programs.map((program) => once(program, 'exit')))
  timers.forEach(clearInterval)
  const seconds = (performance.now() - startedMs) / 1000
  const all = [...figures.values()]
  const cpuSeconds = all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0)
  const latency = sumOf([...commits.values()])
  return {
    'readings per second': Math.round(readings / seconds),
    'CPU s per million': Math.round((cpuSeconds / readings) * 1e8) / 100,
    'commit p50 ms': Math.round(commitMs(latency, 0.5) * 10) / 10,
    'commit p99 ms': Math.round(commitMs(latency, 0.99) * 10) / 10,
    'peak memory MB, all': Math.round(all.reduce((sum, { peakMb }) => sum + peakMb, 0)),
  }
}

function start(config: string, port: number): ChildProcess {
  const flags = ['--role', 'engine', '--until-caught-up', '--config', config, '--http', String(port)]
  return spawn(process.execPath, [join(HERE, '../src/main.js'), 'up', ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

async function sampleCommits(ports: readonly number[], commits: Map<number, Buckets>): Promise<void> {
  for (const port of ports) {
    const found = await commitsOf(port)
    if (found !== null) commits.set(port, found)
  }
}

/** What a process has used is known only while it lives: the last sample counts. */
function sample(programs: readonly ChildProcess[], figures: Map<number, ReturnType<typeof figuresOf>>): void {
  for (const { pid, exitCode } of programs) {
    if (pid === undefined || exitCode !== null) continue
    try {
      const now = figuresOf(pid)
      // One that has just ended has no memory any more.
      figures.set(pid, { ...now, peakMb: Math.max(now.peakMb, figures.get(pid)?.peakMb ?? 0) })
    } catch {
      // It ended between the question and the answer; the sample before stands.
    }
  }
}
