/** Rules of a pipeline for tests of the core: short windows, one alert rule, everything overridable. */
import { assetPattern } from '../../src/core/match.ts'
import type { PartitionLimits, PipelineRules } from '../../src/core/partition.ts'

export function pipelineRules({
  assets = '*',
  ...rules
}: Partial<PipelineRules> & { readonly assets?: string } = {}): PipelineRules {
  return {
    name: 'pumps',
    takes: assetPattern(assets),
    channels: null,
    plausible: () => null,
    window: { sizeMs: 10_000, hopMs: 10_000, latenessMs: 2000, idleMs: 20_000 },
    dedupePerAsset: 100,
    openWindowsPerAsset: 50,
    alerts: [
      {
        rule: 'risk',
        above: 0.8,
        clearBelow: 0.6,
        onDelay: { windows: 1 },
        offDelay: { windows: 1 },
        severity: 'high',
      },
    ],
    learn: { windows: 20, overlap: 1, follow: true },
    model: 'normal',
    modelVersion: '1',
    output: 'anomaly',
    ...rules,
  }
}

export const ROOMY: PartitionLimits = {
  assets: 1000,
  channelsPerAsset: 16,
  futureByMs: 300_000,
  forgetAfterMs: 2_592_000_000,
}
