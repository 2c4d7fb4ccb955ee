/**
 * From MQTT at QoS 1 to committed scores and published alerts, in one process of the real program: readings per
 * second, CPU seconds per million readings, peak memory, all beside a stated baseline in the same run, and the time from
 * a window's end to its alert.
 * `npm run bench stream [READINGS] [RATE] [SECONDS]`: readings for the throughput, rate and seconds for the latency.
 */
import { alertTimes } from './alert-times.ts'
import { ASSETS, withLive } from './live.ts'
import { CHANNELS, LATENESS_MS, STEP_MS } from './plant.ts'
import { figuresOf, quantile } from './process.ts'
import { sleep } from './program.ts'
import { measureSides, shownSides } from './ratio.ts'

/** @returns CPU seconds per million readings of the program */
async function throughput(readings: number): Promise<number> {
  return await withLive('embedded', async ({ program, publish, committed }) => {
    const before = figuresOf(program.pid)
    const startedMs = performance.now()
    const load = await publish({
      readings,
      rate: 0,
      startTs: Date.now() - (readings / ASSETS) * STEP_MS,
    })
    while ((await committed()) < load.readings) await sleep(50)
    const seconds = (performance.now() - startedMs) / 1000
    const after = figuresOf(program.pid)
    const million = load.readings / 1e6
    const programCpu = (after.cpuSeconds - before.cpuSeconds) / million
    console.table({
      'readings, each of 6 channels': load.readings,
      assets: ASSETS,
      'readings per second': Math.round(load.readings / seconds),
      'CPU s per million, program': round(programCpu),
      'CPU s per million, publisher': round(load.cpuSeconds / million),
      'peak memory MB, program': Math.round(after.peakMb),
    })
    return programCpu
  })
}

async function latency(rate: number, seconds: number): Promise<void> {
  await withLive('embedded', async ({ mqttUrl, publish }) => {
    const startTs = Date.now()
    const alerts = await alertTimes(mqttUrl)
    const load = await publish({ readings: rate * seconds, rate, startTs })
    await sleep(1000)
    const beyondLatenessMs = (await alerts.end()).map(
      ({ receivedMs, windowEnd }) => receivedMs - windowEnd - LATENESS_MS,
    )
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

/** Enough for the compiler to settle; one round takes seconds. */
const RATIO_READINGS = 1_000_000
const RATIO_ROUNDS = 3

function round(value: number): number {
  return Math.round(value * 100) / 100
}

export async function stream([
  readings = '2000000',
  rate = '5000',
  seconds = '60',
]: readonly string[]): Promise<void> {
  console.log(`MQTT QoS 1 → committed scores, ${ASSETS} assets, ${CHANNELS} channels, native net`)
  const programCpu = await throughput(Number(readings))
  console.log('beside the same windows by hand, in the same run (bench/hand-written.ts)')
  console.table(shownSides(measureSides(RATIO_READINGS, RATIO_ROUNDS), programCpu))
  console.log('window end → alert received by an MQTT subscriber')
  await latency(Number(rate), Number(seconds))
}
