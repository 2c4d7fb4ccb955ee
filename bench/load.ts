/**
 * The load of `bench/stream.ts`, in a process of its own: `node load.js URL ASSETS READINGS RATE START_TS`.
 * RATE 0 = as fast as acknowledged, two readings per asset and second of event time (what the net was trained on); otherwise readings per second,
 * at their event times, each asset failing for a third of the time.
 */
import { PUBLISH_DEFAULTS, type Publishable, publishReadings } from '../simulators/publish.ts'
import { assetName, pumpSamples, STEP_MS } from './plant.ts'

const [url = '', assets = '', readings = '', rate = '', start = ''] = process.argv.slice(2)

/** Windows of five seconds: an asset is healthy for 30 s, then fails for 15 s. */
const PHASE_MS = 45_000
const FAILING_FROM_MS = 30_000

function* load(assetCount: number, count: number, stepMs: number, startTs: number): Generator<Publishable> {
  const names = Array.from({ length: assetCount }, (_, i) => assetName(i))
  const { healthy, failing } = pumpSamples(1)
  for (let i = 0; i < count; i++) {
    const asset = i % assetCount
    const round = Math.floor(i / assetCount)
    const ts = startTs + Math.round(round * stepMs + (asset * stepMs) / assetCount)
    // Spread over the assets, so that alerts come at an even rate.
    const phase = (ts - startTs + (asset * PHASE_MS) / assetCount) % PHASE_MS
    const samples = phase < FAILING_FROM_MS ? healthy : failing
    yield { asset: names[asset]!, ts, values: samples[(round + asset) % samples.length]! } as Publishable
  }
}

const perSecond = Number(rate)
const stepMs = perSecond === 0 ? STEP_MS : (Number(assets) * 1000) / perSecond
const published = await publishReadings(load(Number(assets), Number(readings), stepMs, Number(start)), {
  url,
  ...PUBLISH_DEFAULTS,
  connections: 8,
  window: 8000,
  speed: perSecond === 0 ? Number.POSITIVE_INFINITY : 1,
  ...(perSecond === 0 ? {} : { startAtMs: Date.now() }),
})
const { user, system } = process.cpuUsage()
console.log(JSON.stringify({ ...published, cpuSeconds: (user + system) / 1e6 }))
