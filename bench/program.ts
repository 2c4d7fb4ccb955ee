/** A fresh program for a benchmark, on ports of its own with an empty data folder; several may run beside each other. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { freePort } from '../src/commands/free-port.ts'
import { PLANT_CONFIG } from './plant.ts'

const HOST = '127.0.0.1'
const FIRST_MQTT_PORT = 21_883
const FIRST_HTTP_PORT = 28_080
const HERE = fileURLToPath(new URL('.', import.meta.url))

export interface BenchProgram {
  readonly child: ChildProcess
  readonly pid: number
  /** Of its MQTT broker. */
  readonly url: string
  /** Readings of the pipeline that were committed. */
  committed(): Promise<number>
  /** A counter of it, over all labels. */
  counted(name: string): Promise<number>
}

/** Given out already: a port is free until the program has started. */
let given = 0

/** Runs something against a fresh program, and ends the program. */
export async function withProgram<T>(run: (program: BenchProgram) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'forewarn-bench-'))
  const step = 10 * given++
  const mqttPort = await freePort(HOST, FIRST_MQTT_PORT + step)
  const httpPort = await freePort(HOST, FIRST_HTTP_PORT + step)
  const config = join(dir, 'forewarn.yaml')
  writeFileSync(
    config,
    stringify({
      ...PLANT_CONFIG,
      mqtt: { port: mqttPort },
      http: { port: httpPort, requestsPerMinute: 100_000 },
      log: { dir: join(dir, 'data') },
    }),
  )
  const child = spawn(process.execPath, [join(HERE, '../src/main.js'), 'up', '--config', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: process.env.BENCH_NODE_OPTIONS ?? '' },
  })
  const counted = (name: string) => countedAt(httpPort, name)
  try {
    await untilReady(httpPort)
    return await run({
      child,
      pid: child.pid!,
      url: `mqtt://${HOST}:${mqttPort}`,
      committed: () => counted('readings_total'),
      counted,
    })
  } finally {
    child.kill('SIGTERM')
    if (child.exitCode === null) await once(child, 'exit')
    rmSync(dir, { recursive: true, force: true })
  }
}

async function untilReady(httpPort: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    try {
      if ((await fetch(`http://${HOST}:${httpPort}/health/ready`)).ok) return
    } catch {
      // Not listening yet; asked again for half a minute.
    }
    await sleep(50)
  }
  throw new Error('the program did not get ready')
}

async function countedAt(httpPort: number, name: string): Promise<number> {
  const page = await (await fetch(`http://${HOST}:${httpPort}/metrics`)).text()
  const counts = [...page.matchAll(new RegExp(`^forewarn_${name}\\{.*\\} (\\d+)`, 'gm'))]
  return counts.reduce((sum, [, count]) => sum + Number(count), 0)
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** The script in a process of its own, beside this one. @returns what it printed, as JSON */
export async function runBeside<T>(script: string, args: readonly (string | number)[]): Promise<T> {
  const load = spawn(process.execPath, [join(HERE, script), ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  load.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  await once(load, 'exit')
  return JSON.parse(output) as T
}
