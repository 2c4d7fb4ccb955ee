/**
 * Poison: 10 % of all payloads are cut off, of a wrong type, too deep, a megabyte, not even text. What the good readings
 * lose by it: a clean and a poisoned load at the same time, each on a fresh program, MQTT QoS 1 to committed scores, so that
 * whatever else the machine does hits both. `npm run bench poison [GOOD READINGS] [ROUNDS]`.
 */
import { ASSETS, type Live, runBeside, withLive } from './live.ts'
import { PLANT_CONFIG, STEP_MS } from './plant.ts'
import { figuresOf } from './process.ts'
import { sleep } from './program.ts'

/** Of all payloads. */
const POISON_SHARE = 0.1

interface Load {
  readonly readings: number
  readonly poisoned: number
  readonly p99Ms: number
  readonly greatestMs: number
}

interface Round extends Load {
  readonly cpuSeconds: number
  readonly seconds: number
  readonly peakMb: number
}

/** @throws when a payload is not where it must be, or the program did not live through it */
async function run(readings: number, poison: number): Promise<Round> {
  const measure = async ({ program, mqttUrl, committed }: Live): Promise<Round> => {
    const before = figuresOf(program.pid)
    const startedMs = performance.now()
    const startTs = Date.now() - (readings / ASSETS) * STEP_MS
    const load = await runBeside<Load>('poison-load.js', [mqttUrl, ASSETS, readings, poison, startTs])
    while ((await committed()) < load.readings) await sleep(50)
    const seconds = (performance.now() - startedMs) / 1000
    const after = figuresOf(program.pid)
    const letters = await program.metric('forewarn_dead_letters_total')
    if (letters !== poison || !program.alive()) {
      throw new Error(`${poison} payloads of poison, ${letters} dead letters; alive: ${program.alive()}`)
    }
    return { ...load, seconds, cpuSeconds: after.cpuSeconds - before.cpuSeconds, peakMb: after.peakMb }
  }
  // Two run at the same time: each looks for ports of its own.
  return withLive('embedded', measure, poison === 0 ? 0 : 1)
}

export async function poison([readings = '500000', rounds = '3']: readonly string[]): Promise<void> {
  const good = Number(readings)
  const bad = Math.round((good * POISON_SHARE) / (1 - POISON_SHARE))
  console.log(
    `${good} good readings of ${PLANT_CONFIG.pipelines[0]!.name}, clean and with ${bad} payloads of poison`,
  )
  const ratios: { cpu: number; time: number }[] = []
  for (let round = 0; round < Number(rounds); round++) {
    const [clean, poisoned] = await Promise.all([run(good, 0), run(good, bad)])
    ratios.push({ cpu: clean.cpuSeconds / poisoned.cpuSeconds, time: clean.seconds / poisoned.seconds })
    console.table({ clean: rowOf(clean), poisoned: rowOf(poisoned) })
  }
  const median = (values: readonly number[]) =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
  console.log(
    `good throughput against clean: ${round2(median(ratios.map(({ cpu }) => cpu)))} by CPU seconds of the program, ` +
      `${round2(median(ratios.map(({ time }) => time)))} by time (medians of ${ratios.length}; wanted: 0.8)`,
  )
}

function rowOf({ readings, poisoned, seconds, cpuSeconds, peakMb, p99Ms, greatestMs }: Round) {
  return {
    'good per second': Math.round(readings / seconds),
    'CPU s per million good': round2((cpuSeconds / readings) * 1e6),
    'dead letters': poisoned,
    'ms to the acknowledgement, p99': Math.round(p99Ms),
    greatest: Math.round(greatestMs),
    'peak memory MB': Math.round(peakMb),
  }
}

function round2(value: number): number {
  return Math.round(value * 100) / 100
}
