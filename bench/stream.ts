/**
 * From MQTT at QoS 1 to committed scores and published alerts, in one process of the real program: readings per
 * second, CPU seconds per million readings, peak memory, and the time from a window's end to its alert.
 */
import mqtt from 'mqtt'
import { CHANNELS, LATENESS_MS, STEP_MS } from './plant.ts'
import { figuresOf, quantile } from './process.ts'
import { runBeside, sleep, withProgram } from './program.ts'

const ASSETS = 1000

interface LoadResult {
  readonly readings: number
  readonly cpuSeconds: number
}

function publish(url: string, readings: number, rate: number, startTs: number): Promise<LoadResult> {
  return runBeside('load.js', [url, ASSETS, readings, rate, startTs])
}

async function throughput(readings: number): Promise<void> {
  await withProgram(async ({ pid, url, committed }) => {
    const before = figuresOf(pid)
    const startedMs = performance.now()
    const load = await publish(url, readings, 0, Date.now() - (readings / ASSETS) * STEP_MS)
    while ((await committed()) < load.readings) await sleep(50)
    const seconds = (performance.now() - startedMs) / 1000
    const after = figuresOf(pid)
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
  await withProgram(async ({ url }) => {
    const beyondLatenessMs: number[] = []
    const client = await mqtt.connectAsync(url)
    await client.subscribeAsync('alerts/#', { qos: 1 })
    client.on('message', (_topic, payload) => {
      if (payload.length === 0) return
      const { windowEnd } = JSON.parse(payload.toString()) as { windowEnd: number }
      beyondLatenessMs.push(Date.now() - windowEnd - LATENESS_MS)
    })
    const load = await publish(url, rate * seconds, rate, Date.now())
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
