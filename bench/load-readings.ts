/** The readings of the benchmarks: pumps one after another, each healthy for 30 s, then failing for 15 s. */
import type { Publishable } from '../simulators/publish.ts'
import { assetName, pumpSamples } from './plant.ts'

/** Windows of five seconds: six are healthy, three are not. */
const PHASE_MS = 45_000
const FAILING_FROM_MS = 30_000

/** @param stepMs between readings of an asset */
export function* loadReadings(
  assetCount: number,
  count: number,
  stepMs: number,
  startTs: number,
): Generator<Publishable> {
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
