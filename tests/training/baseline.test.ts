import { describe, expect, it } from 'vitest'
import type { AlertRule } from '../../src/core/alert.ts'
import { baselineAlerts, fittedBaselines, recordedRule } from '../../src/training/baseline.ts'
import { usedRows } from '../../src/training/dataset.ts'
import { curve, prAuc } from '../../src/training/metrics.ts'
import { judgedMinutes } from '../support/judged.ts'
import { everyAsset, toyDataset } from '../support/toy-dataset.ts'

const RULE: AlertRule = {
  rule: 'risk',
  above: 0.8,
  clearBelow: 0.6,
  onDelay: { windows: 2 },
  offDelay: { windows: 1 },
  severity: 'high',
}

describe('baselines', () => {
  it('are read from a manifest', () => {
    const rule = recordedRule('heat.mean below 2.5', ['load.mean', 'heat.mean'])!
    const windows = {
      features: ['load.mean', 'heat.mean'],
      vectors: Float64Array.of(9, 1, 9, 3, 9, Number.NaN),
      found: Uint8Array.of(1, 1, 1),
    }
    const { scores, threshold } = rule.ranking(windows)
    expect([...scores].map((score) => score > threshold)).toEqual([true, false, false])
    for (const text of ['none', 'speed.mean above 3', 'heat.mean over 3', 'heat.mean above x']) {
      expect(recordedRule(text, windows.features)).toBeNull()
    }
  })

  it('are fitted on windows that teach: the regression sees what no limit can', () => {
    const dataset = toyDataset(8)
    const rows = usedRows(dataset, everyAsset(dataset))
    const [limit, regression] = fittedBaselines(dataset, rows, 'toys')
    const windows = {
      features: dataset.features,
      vectors: dataset.vectors,
      found: new Uint8Array(dataset.rows).fill(1),
    }
    const positive = Uint8Array.from(dataset.target)
    const precision = (baseline: typeof limit) => prAuc(curve(baseline!.ranking(windows).scores, positive))
    expect(precision(regression)).toBeGreaterThan(0.99)
    expect(precision(limit)).toBeLessThan(0.6)
    expect(regression!.text).toContain('fitted on toys')
  })

  it('raise alerts with the delays of the rule', () => {
    const windows = judgedMinutes({ a: [9, 1, 9, 9, 9, 1], b: [9, 9, 1, 1, 1, 9] }, {})
    const alerts = baselineAlerts(
      windows,
      { scores: windows.score, threshold: 5, isProbability: false },
      RULE,
    )
    expect(alerts.map(({ asset, raisedMs, clearedMs }) => [asset, raisedMs, clearedMs])).toEqual([
      ['b', 120_000, 180_000],
      ['a', 240_000, 360_000],
    ])
  })
})
