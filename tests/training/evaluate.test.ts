import { describe, expect, it } from 'vitest'
import type { AlertRule } from '../../src/core/alert.ts'
import { evaluate, median } from '../../src/training/evaluate.ts'
import { everyAsset, toyDataset } from '../support/toy-dataset.ts'

const RULE: AlertRule = {
  rule: 'risk',
  above: 0.8,
  clearBelow: 0.6,
  onDelay: { windows: 2 },
  offDelay: { windows: 2 },
  severity: 'high',
}

/** Assets 0 and 2 fail from window 75 on, 1 and 3 never do. */
const dataset = toyDataset(4)
const all = everyAsset(dataset)

/** Scores by asset and window number. */
function scores(score: (asset: number, step: number) => number): Float64Array {
  return Float64Array.from({ length: dataset.rows }, (_, row) => score(row % 4, Math.floor(row / 4)))
}

describe('an evaluation', () => {
  it('of a perfect net warns of every failure after the delay, and never else', () => {
    const perfect = scores((asset, step) => (asset % 2 === 0 && step >= 75 ? 1 : 0))
    const { windows, alerts, warnings } = evaluate(dataset, all, perfect, RULE)
    expect(windows).toEqual({ precision: 1, recall: 1, f1: 1, prAuc: 1, rocAuc: 1, prAucFromOnset: 1 })
    expect(alerts).toMatchObject({ failures: 2, warned: 2, alerts: 2, falseAlerts: 0 })
    // Two windows of 5 s behind onset, of 125 s to the failure.
    expect(alerts.medianWarningShare).toBeCloseTo(10 / 125, 3)
    expect(warnings.map(({ kind, afterMs }) => [kind, afterMs])).toEqual([
      ['heat', 10_000],
      ['heat', 10_000],
    ])
    expect(alerts.machineDays).toBeCloseTo((4 * 495) / 86_400, 3)
  })

  it('counts an alert without a failure as false, once while it stands', () => {
    const crying = scores((asset, step) => (asset === 1 && step >= 10 && step < 60 ? 0.9 : 0))
    expect(evaluate(dataset, all, crying, RULE).alerts).toMatchObject({
      warned: 0,
      alerts: 0,
      falseAlerts: 1,
    })
    const twice = scores((asset, step) => (asset === 1 && step % 20 < 5 ? 0.9 : 0))
    expect(evaluate(dataset, all, twice, RULE).alerts.falseAlerts).toBe(5)
  })

  it('passes over single windows, and warnings that come after the failure', () => {
    const flicker = scores((_, step) => (step % 2 === 0 ? 1 : 0.7))
    expect(evaluate(dataset, all, flicker, RULE).alerts).toMatchObject({
      alerts: 0,
      falseAlerts: 0,
      warned: 0,
    })
  })

  it('judges the assets that it is asked to judge', () => {
    const crying = scores(() => 1)
    const { alerts, windows } = evaluate(dataset, new Set([1]), crying, RULE)
    expect(alerts).toMatchObject({ failures: 0, warned: 0, falseAlerts: 1, medianWarningShare: null })
    expect(windows).toBeNull()
  })
})

describe('a median', () => {
  it('is the middle value, or the mean of the two middle ones', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
  })
})
