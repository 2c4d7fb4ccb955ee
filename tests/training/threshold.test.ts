import { describe, expect, it } from 'vitest'
import { usedRows } from '../../src/training/dataset.ts'
import { confusion, f1Of } from '../../src/training/metrics.ts'
import { ruleScores, tuneThreshold } from '../../src/training/threshold.ts'
import { everyAsset, toyDataset } from '../support/toy-dataset.ts'

describe('the tuned threshold rule', () => {
  const dataset = toyDataset(10)
  const rows = usedRows(dataset, everyAsset(dataset))

  it('is the best of all limits on all statistics, by trying them', () => {
    const rule = tuneThreshold(dataset, rows)
    const positive = Uint8Array.from(rows, (row) => dataset.target[row]!)
    let best = 0
    for (const column of [0, 1]) {
      for (const side of ['above', 'below'] as const) {
        const scores = ruleScores(dataset, rows, column, side)
        for (const limit of scores) best = Math.max(best, f1Of(confusion(scores, positive, limit)))
      }
    }
    expect(rule.f1).toBeCloseTo(best, 12)
    expect(rule.feature).toBe(dataset.features[rule.column])
  })

  it('reaches its F1 when it is applied as an alarm limit', () => {
    const { column, side, limit, f1 } = tuneThreshold(dataset, rows)
    const scores = ruleScores(dataset, rows, column, side)
    const positive = Uint8Array.from(rows, (row) => dataset.target[row]!)
    expect(f1Of(confusion(scores, positive, side === 'above' ? limit : -limit))).toBeCloseTo(f1, 12)
  })

  it('finds a limit from below, and takes a missing value for no alarm', () => {
    const falling = { ...dataset, vectors: dataset.vectors.map((value, i) => (i % 2 === 0 ? value : -value)) }
    const first = falling.vectors.slice()
    first[1] = Number.NaN
    const rule = tuneThreshold({ ...falling, vectors: first }, rows)
    expect(rule).toMatchObject({ feature: 'heat.mean', side: 'below' })
    expect(ruleScores({ ...falling, vectors: first }, Int32Array.of(0), 1, 'below')).toEqual(
      Float64Array.of(Number.NEGATIVE_INFINITY),
    )
  })
})
