/** Settings of a pipeline and limits for tests, everything overridable. */
import type { AssetGroupSettings, Limits, PipelineSettings } from '../../src/config/settings.ts'

export const LIMITS: Limits = {
  payloadBytes: 262_144,
  inFlightReadings: 20_000,
  inFlightBytes: 67_108_864,
  arrayReadings: 10_000,
  assets: 1000,
  channelsPerAsset: 16,
  openWindowsPerAsset: 64,
  dedupePerAsset: 100,
  futureByMs: 300_000,
  forgetAfterMs: 2_592_000_000,
  batchRecords: 5000,
  snapshotRecords: 50_000,
  sseClients: 100,
  sseBufferBytes: 262_144,
  boardScores: 720,
}

export function pipelineSettings(settings: Partial<PipelineSettings> = {}): PipelineSettings {
  return {
    name: 'pumps',
    assets: 'pump-*',
    window: { sizeMs: 30_000, hopMs: 30_000, latenessMs: 10_000, idleMs: 60_000 },
    features: 'default',
    model: null,
    alerts: [
      {
        rule: 'risk',
        above: 0.8,
        clearBelow: 0.6,
        onDelay: { windows: 2 },
        offDelay: { windows: 1 },
        severity: 'high',
      },
    ],
    ...settings,
  }
}

export function assetGroup(group: Partial<AssetGroupSettings> = {}): AssetGroupSettings {
  return { match: 'pump-*', class: 'pump', channels: {}, attributes: {}, ...group }
}
