/** What the benchmarks measure on: pumps with six channels, healthy or failing, and the config of their pipeline. */
import { createFleet } from '../simulators/fleet.ts'

export const CHANNELS = 6
export const WINDOW_MS = 5000
export const LATENESS_MS = 1000

/** Config of the program under test. */
export const PLANT_CONFIG = {
  pipelines: [
    {
      name: 'pump-health',
      assets: 'pump-*',
      window: { size: `${WINDOW_MS}ms`, lateness: `${LATENESS_MS}ms` },
      model: 'pump-health',
      alerts: [{ rule: 'failure', above: 0.8, clearBelow: 0.6, onDelay: 2 }],
    },
  ],
}

type Values = Readonly<Record<string, number | null>>

export interface Samples {
  /** Values of a pump, one after another. */
  readonly healthy: readonly Values[]
  /** The same pump shortly before it fails. */
  readonly failing: readonly Values[]
}

/** Between readings of a machine: what the shipped net was trained on. */
export const STEP_MS = 500
const SAMPLES = 240
const GROWTH_MS = 600_000

/** Readings of one simulated pump, taken once: the load generator must cost little. */
export function pumpSamples(seed: number): Samples {
  const fault = {
    asset: 'pump-01',
    kind: 'bearing-wear',
    fromMs: SAMPLES * STEP_MS,
    growthMs: GROWTH_MS,
  } as const
  const fleet = createFleet(
    { pump: 1 },
    { seed, startMs: 0, intervalMs: STEP_MS, durationMs: SAMPLES * STEP_MS + GROWTH_MS, faults: [fault] },
  )
  const all = [...fleet.readings()].map(({ values }) => values)
  return { healthy: all.slice(0, SAMPLES), failing: all.slice(-SAMPLES) }
}

/** `pump-0001` … */
export function assetName(index: number): string {
  return `pump-${String(index + 1).padStart(4, '0')}`
}
