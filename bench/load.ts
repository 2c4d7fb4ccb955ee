/**
 * The load of `bench/live.ts`, in a process of its own: `node load.js URL ASSETS READINGS RATE START_TS WINDOW
 * [SECONDS]`.
 * RATE 0 = as fast as acknowledged, two readings per asset and second of event time (what the net was trained on);
 * otherwise readings per second, at their event times, which are their schedule: one that goes out late keeps its time.
 * Each asset is failing for a third of the time. After SECONDS nothing more is published.
 */
import { PUBLISH_DEFAULTS, type Publishable, publishReadings } from '../simulators/publish.ts'
import { loadReadings } from './load-readings.ts'
import { STEP_MS } from './plant.ts'

const [url = '', assets = '', readings = '', rate = '', start = '', window = '', seconds = ''] =
  process.argv.slice(2)

function* during(all: Iterable<Publishable>, ms: number): Generator<Publishable> {
  const endMs = performance.now() + ms
  for (const reading of all) {
    if (performance.now() > endMs) return
    yield reading
  }
}

/** By the wall clock, which is what latencies are reckoned from: connecting first takes nothing off the schedule. */
async function* onSchedule(all: Iterable<Publishable>): AsyncGenerator<Publishable> {
  for (const reading of all) {
    const waitMs = reading.ts - Date.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    yield reading
  }
}

const perSecond = Number(rate)
const stepMs = perSecond === 0 ? STEP_MS : (Number(assets) * 1000) / perSecond
const all = loadReadings(Number(assets), Number(readings), stepMs, Number(start))
const limited = seconds === '' ? all : during(all, Number(seconds) * 1000)
const published = await publishReadings(perSecond === 0 ? limited : onSchedule(limited), {
  url,
  ...PUBLISH_DEFAULTS,
  connections: 8,
  window: Number(window),
  speed: Number.POSITIVE_INFINITY,
})
const { user, system } = process.cpuUsage()
console.log(JSON.stringify({ ...published, cpuSeconds: (user + system) / 1e6 }))
