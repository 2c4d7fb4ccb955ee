/**
 * The config of a chaos run: short windows, alerts that come and go, snapshots so small that kills fall before,
 * behind and into them.
 */

/** Windows of the first pipeline do not overlap: they are counted (`windows.ts`). */
const FEATURES = ['temperature.mean', 'temperature.std', 'vibration.mean', 'vibration.std', 'vibration.rms']

/** @param more sections beside those that all runs share */
export function chaosConfig(more: {
  readonly log: Readonly<Record<string, unknown>>
  readonly mqtt: Readonly<Record<string, unknown>>
}): Record<string, unknown> {
  return {
    mqtt: more.mqtt,
    log: { partitions: 4, ticks: '200ms', ...more.log },
    pipelines: [
      {
        name: 'pumps',
        assets: 'pump-*',
        window: { size: '5s', lateness: '2s', idle: '7s' },
        features: FEATURES,
        learn: 20,
        alerts: [{ rule: 'risk', above: 0.8, clearBelow: 0.6, onDelay: 2, severity: 'high' }],
      },
      {
        name: 'overlapping',
        assets: 'pump-0*',
        window: { size: '10s', hop: '5s', lateness: '2s', idle: '12s' },
        features: FEATURES,
        learn: 20,
        alerts: [{ rule: 'drift', above: 0.9, clearBelow: 0.5, onDelay: '10s', severity: 'medium' }],
      },
    ],
    limits: { snapshotRecords: 2000 },
  }
}
