/** The plant of the demo: its config, its machines, and the one that fails. */
import type { FleetCounts } from '../../simulators/fleet.ts'

/** Windows of 5 s and a lateness of 1 s: the first alert comes within a minute (design 4.1). */
const WINDOW = { size: '5s', lateness: '1s', idle: '10s' }

function pipeline(machine: string) {
  return {
    name: `${machine}-health`,
    assets: `${machine}-*`,
    window: WINDOW,
    model: `${machine}-health`,
    alerts: [
      { rule: `${machine}-failure`, above: 0.8, clearBelow: 0.6, onDelay: 3, offDelay: 6, severity: 'high' },
    ],
  }
}

export const DEMO_CONFIG = {
  assets: [
    { match: 'pump-*', class: 'pump' },
    { match: 'motor-*', class: 'motor' },
  ],
  pipelines: [pipeline('pump'), pipeline('motor')],
}

export const DEMO_FLEET: FleetCounts = { pump: 8, motor: 4 }

/** Between readings of a machine: what the shipped models were trained on. */
export const INTERVAL_MS = 500

/** Readings before now, so that each machine's normal is known and the charts are not empty. */
export const HISTORY_MS = 600_000

export const FAILING = { asset: 'pump-03', kind: 'bearing-wear', growthMs: 90_000 } as const
