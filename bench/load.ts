/**
 * The load of `bench/stream.ts`, in a process of its own: `node load.js URL ASSETS READINGS RATE START_TS`.
 * RATE 0 = as fast as acknowledged, two readings per asset and second of event time (what the net was trained on); otherwise readings per second,
 * at their event times, each asset failing for a third of the time.
 */
import { PUBLISH_DEFAULTS, publishReadings } from '../simulators/publish.ts'
import { loadReadings } from './load-readings.ts'
import { STEP_MS } from './plant.ts'

const [url = '', assets = '', readings = '', rate = '', start = ''] = process.argv.slice(2)

const perSecond = Number(rate)
const stepMs = perSecond === 0 ? STEP_MS : (Number(assets) * 1000) / perSecond
const published = await publishReadings(
  loadReadings(Number(assets), Number(readings), stepMs, Number(start)),
  {
    url,
    ...PUBLISH_DEFAULTS,
    connections: 8,
    window: 8000,
    speed: perSecond === 0 ? Number.POSITIVE_INFINITY : 1,
    ...(perSecond === 0 ? {} : { startAtMs: Date.now() }),
  },
)
const { user, system } = process.cpuUsage()
console.log(JSON.stringify({ ...published, cpuSeconds: (user + system) / 1e6 }))
