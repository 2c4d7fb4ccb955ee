import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scaleRows } from '../../src/model/scaling.ts'

const SCALING = { mean: [10, -2], std: [2, 0.5], clip: 10, missing: [12, -2] }

function scaled(vectors: readonly number[]): number[] {
  const out = new Float32Array(vectors.length)
  scaleRows(SCALING, Float64Array.from(vectors), 0, vectors.length / 2, out)
  return [...out]
}

describe('scaling', () => {
  it('centres and scales by feature', () => {
    expect(scaled([10, -2, 14, -1])).toEqual([0, 0, 2, 2])
  })

  it('fills what is missing, in the unit of the feature', () => {
    expect(scaled([Number.NaN, Number.NaN])).toEqual([1, 0])
    expect(scaled([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])).toEqual([1, 0])
  })

  it('takes rows from the middle', () => {
    const out = new Float32Array(2)
    scaleRows(SCALING, Float64Array.of(0, 0, 14, -1, 0, 0), 1, 1, out)
    expect([...out]).toEqual([2, 2])
  })

  it('gives finite numbers within the clip for any input', () => {
    fc.assert(
      fc.property(fc.double(), fc.double(), (a, b) => {
        for (const value of scaled([a, b])) expect(Math.abs(value)).toBeLessThanOrEqual(10)
      }),
    )
  })
})
