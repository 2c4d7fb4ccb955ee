/** A fresh program for a benchmark, on ports of its own with an empty data folder. */
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
const MQTT_PORT = await freePort(HOST, 21_883)
const HTTP_PORT = await freePort(HOST, 28_080)
export const URL_OF_BROKER = `mqtt://${HOST}:${MQTT_PORT}`
export const HERE = fileURLToPath(new URL('.', import.meta.url))

/** Runs something against a fresh program, and ends the program. */
export async function withProgram<T>(run: (program: ChildProcess) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'forewarn-bench-'))
  const config = join(dir, 'forewarn.yaml')
  writeFileSync(
    config,
    stringify({
      ...PLANT_CONFIG,
      mqtt: { port: MQTT_PORT },
      http: { port: HTTP_PORT, requestsPerMinute: 100_000 },
      log: { dir: join(dir, 'data') },
    }),
  )
  const program = spawn(process.execPath, [join(HERE, '../src/main.js'), 'up', '--config', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: process.env.BENCH_NODE_OPTIONS ?? '' },
  })
  try {
    await untilReady()
    return await run(program)
  } finally {
    program.kill('SIGTERM')
    if (program.exitCode === null) await once(program, 'exit')
    rmSync(dir, { recursive: true, force: true })
  }
}

async function untilReady(): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    try {
      if ((await fetch(`http://${HOST}:${HTTP_PORT}/health/ready`)).ok) return
    } catch {
      // Not listening yet; asked again for half a minute.
    }
    await sleep(50)
  }
  throw new Error('the program did not get ready')
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

/** Readings of the pipeline that were committed. */
export function committed(): Promise<number> {
  return counted('readings_total')
}

/** A counter of the program, over all labels. */
export async function counted(name: string): Promise<number> {
  const page = await (await fetch(`http://${HOST}:${HTTP_PORT}/metrics`)).text()
  const counts = [...page.matchAll(new RegExp(`^forewarn_${name}\\{.*\\} (\\d+)`, 'gm'))]
  return counts.reduce((sum, [, count]) => sum + Number(count), 0)
}
