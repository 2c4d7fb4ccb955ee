/**
 * The real program with its embedded MQTT broker, on either log, and a publisher in a process of its own: what the
 * benchmarks under load (`stream`, `latency`, `overload`, `poison`) have in common. For Kafka a broker comes with it (`bin/kafka`).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { startKafkaCluster } from '../src/chaos/kafka-cluster.ts'
import { freePort } from '../src/commands/free-port.ts'
import { PLANT_CONFIG } from './plant.ts'
import { type Running, startProgram } from './program.ts'

const HOST = '127.0.0.1'
const PARTITIONS = 4
const HERE = fileURLToPath(new URL('.', import.meta.url))

export const ASSETS = 1000
const DEFAULT_WINDOW = 8000

export type LogName = 'embedded' | 'kafka'

export interface Load {
  /** Readings at most. */
  readonly readings: number
  /** Readings per second by their schedule, which is their event time; 0: as fast as acknowledged. */
  readonly rate: number
  /** Event time of the first one, epoch ms. */
  readonly startTs: number
  /** Stop publishing after so long; what is out is waited for. */
  readonly seconds?: number
  /** Messages out and not acknowledged, at most; default 8,000. */
  readonly window?: number
}

export interface LoadResult {
  /** Acknowledged. */
  readonly readings: number
  readonly cpuSeconds: number
}

export interface Live {
  readonly program: Running
  readonly mqttUrl: string
  /** Resolves when all that was published is acknowledged. */
  publish(load: Load): Promise<LoadResult>
  /** Readings that the pipeline has committed, whatever became of them. */
  committed(): Promise<number>
}

/** Ports between programs that run at the same time. */
const PORTS_APART = 100

/**
 * Runs something against a fresh program, and ends the program.
 * @param place of several programs at the same time, from 0
 */
export async function withLive<T>(log: LogName, run: (live: Live) => Promise<T>, place = 0): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'forewarn-bench-'))
  mkdirSync(join(dir, 'logs'))
  const cluster = log === 'kafka' ? await startCluster(dir) : null
  const from = place * PORTS_APART
  const mqttPort = await freePort(HOST, 21_883 + from)
  const httpPort = await freePort(HOST, 28_080 + from)
  const config = join(dir, 'forewarn.yaml')
  const kafka = cluster ? { adapter: 'kafka', kafka: { brokers: cluster.brokers } } : {}
  writeFileSync(
    config,
    stringify({
      ...PLANT_CONFIG,
      mqtt: { port: mqttPort },
      http: { requestsPerMinute: 100_000 },
      log: { dir: join(dir, 'data'), ...kafka },
    }),
  )
  const program = startProgram(config, httpPort)
  const mqttUrl = `mqtt://${HOST}:${mqttPort}`
  try {
    await program.untilOwned(PARTITIONS)
    return await run({
      program,
      mqttUrl,
      publish: (load) => publish(mqttUrl, load),
      committed: async () => (await program.metric('forewarn_readings_total')) ?? 0,
    })
  } finally {
    await program.stop()
    await cluster?.end()
    rmSync(dir, { recursive: true, force: true })
  }
}

function startCluster(dir: string) {
  const root = join(HERE, '../..')
  return startKafkaCluster({ root, dir, nodes: 1, port: 0, set: {} })
}

function publish(url: string, load: Load): Promise<LoadResult> {
  const { readings, rate, startTs, seconds = '', window = DEFAULT_WINDOW } = load
  return runBeside('load.js', [url, ASSETS, readings, rate, startTs, window, seconds])
}

/**
 * A script that stands beside this one, in a process of its own.
 * @returns what it printed, as JSON
 */
export async function runBeside<T>(script: string, args: readonly (string | number)[]): Promise<T> {
  const child = spawn(process.execPath, [join(HERE, script), ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  await once(child, 'exit')
  return JSON.parse(output) as T
}
