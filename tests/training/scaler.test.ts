import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CLIP, fitScaling } from '../../src/training/scaler.ts'
import { toyDataset } from '../support/toy-dataset.ts'

function columns(first: readonly number[], second: readonly number[]) {
  const dataset = toyDataset(2)
  const vectors = Float64Array.from(first.flatMap((value, i) => [value, second[i]!]))
  return { ...dataset, rows: first.length, vectors }
}

describe('a scaler', () => {
  it('has mean and population spread of the rows that it is shown, and of no others', () => {
    const dataset = columns([2, 4, 1000], [1, 1, 7])
    expect(fitScaling(dataset, Int32Array.of(0, 1))).toEqual({
      mean: [3, 1],
      std: [1, 1],
      clip: CLIP,
      missing: [3, 1],
    })
  })

  it('leaves missing values out', () => {
    const dataset = columns([2, Number.NaN, 4], [Number.NaN, Number.NaN, Number.NaN])
    expect(fitScaling(dataset, Int32Array.of(0, 1, 2))).toMatchObject({ mean: [3, 0], std: [1, 1] })
  })

  it('is that of two passes, also far from 0', () => {
    const values = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 2, maxLength: 50 })
    fc.assert(
      fc.property(values, fc.constantFrom(0, 1e6), (list, offset) => {
        const moved = list.map((value) => value + offset)
        const { mean, std } = fitScaling(columns(moved, moved), Int32Array.from(moved.keys()))
        const exact = moved.reduce((sum, value) => sum + value, 0) / moved.length
        const spread = Math.sqrt(moved.reduce((sum, value) => sum + (value - exact) ** 2, 0) / moved.length)
        expect(Math.abs(mean[0]! - exact)).toBeLessThanOrEqual(1e-6 * Math.abs(exact) + 1e-9)
        if (spread > 1e-3) expect(Math.abs(std[0]! / spread - 1)).toBeLessThan(1e-5)
        expect(std[0]).toBeGreaterThan(0)
      }),
    )
  })
})
