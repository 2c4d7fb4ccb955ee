/**
 * From MQTT at QoS 1 to committed scores and published alerts, in one process of the real program: readings per
 * second, CPU seconds per million readings, peak memory, and the time from a window's end to its alert.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import mqtt from 'mqtt'
import { stringify } from 'yaml'
import { freePort } from '../src/commands/free-port.ts'
import { CHANNELS, LATENESS_MS, PLANT_CONFIG, STEP_MS } from './plant.ts'
import { figuresOf, quantile } from './process.ts'

const HOST = '127.0.0.1'
const MQTT_PORT = await freePort(HOST, 21_883)
const HTTP_PORT = await freePort(HOST, 28_080)
const ASSETS = 1000
const URL_OF_BROKER = `mqtt://${HOST}:${MQTT_PORT}`
const HERE = fileURLToPath(new URL('.', import.meta.url))

interface LoadResult {
  readonly readings: number
  readonly cpuSeconds: number
}

/** Runs something against a fresh program, and ends the program. */
async function withProgram<T>(run: (program: ChildProcess) => Promise<T>): Promise<T> {
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
    await once(program, 'exit')
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

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function publish(readings: number, rate: number, startTs: number): Promise<LoadResult> {
  const args = [URL_OF_BROKER, ASSETS, readings, rate, startTs].map(String)
  const load = spawn(process.execPath, [join(HERE, 'load.js'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  load.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  await once(load, 'exit')
  return JSON.parse(output) as LoadResult
}

/** Committed readings of the pipeline. */
async function committed(): Promise<number> {
  const page = await (await fetch(`http://${HOST}:${HTTP_PORT}/metrics`)).text()
  const counts = [...page.matchAll(/^forewarn_readings_total\{.*\} (\d+)/gm)]
  return counts.reduce((sum, [, count]) => sum + Number(count), 0)
}

async function throughput(readings: number): Promise<void> {
  await withProgram(async (program) => {
    const before = figuresOf(program.pid!)
    const startedMs = performance.now()
    const load = await publish(readings, 0, Date.now() - (readings / ASSETS) * STEP_MS)
    while ((await committed()) < load.readings) await sleep(50)
    const seconds = (performance.now() - startedMs) / 1000
    const after = figuresOf(program.pid!)
    const million = load.readings / 1e6
    console.table({
      'readings, each of 6 channels': load.readings,
      assets: ASSETS,
      'readings per second': Math.round(load.readings / seconds),
      'CPU s per million, program': round((after.cpuSeconds - before.cpuSeconds) / million),
      'CPU s per million, publisher': round(load.cpuSeconds / million),
      'peak memory MB, program': Math.round(after.peakMb),
    })
  })
}

async function latency(rate: number, seconds: number): Promise<void> {
  await withProgram(async () => {
    const beyondLatenessMs: number[] = []
    const client = await mqtt.connectAsync(URL_OF_BROKER)
    await client.subscribeAsync('alerts/#', { qos: 1 })
    client.on('message', (_topic, payload) => {
      if (payload.length === 0) return
      const { windowEnd } = JSON.parse(payload.toString()) as { windowEnd: number }
      beyondLatenessMs.push(Date.now() - windowEnd - LATENESS_MS)
    })
    const load = await publish(rate * seconds, rate, Date.now())
    await sleep(1000)
    await client.endAsync()
    console.table({
      'readings per second': rate,
      readings: load.readings,
      'alert messages': beyondLatenessMs.length,
      'p50 ms from window end to alert, beyond the lateness': Math.round(quantile(beyondLatenessMs, 0.5)),
      'p99 ms': Math.round(quantile(beyondLatenessMs, 0.99)),
      'greatest ms': Math.round(quantile(beyondLatenessMs, 1)),
    })
  })
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

/** @param args readings for the throughput, then rate and seconds for the latency */
export async function stream([
  readings = '2000000',
  rate = '5000',
  seconds = '60',
]: readonly string[]): Promise<void> {
  console.log(`MQTT QoS 1 → committed scores, ${ASSETS} assets, ${CHANNELS} channels, native net`)
  await throughput(Number(readings))
  console.log('window end → alert received by an MQTT subscriber')
  await latency(Number(rate), Number(seconds))
}
