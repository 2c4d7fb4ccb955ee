import { describe, expect, it } from 'vitest'
import { isFailure } from '../../src/core/errors.ts'
import { checkProbes, PROBE_TOLERANCE } from '../../src/model/probe.ts'

/** Scores a row by its first feature; a missing one is a half. */
const scorer = {
  score: (vectors: Float64Array, rows: number) =>
    Float64Array.from({ length: rows }, (_, row) => {
      const first = vectors[row * 2]!
      return Number.isNaN(first) ? 0.5 : first
    }),
  dispose() {},
}

describe('the probes of a manifest', () => {
  it('pass when the model scores them as recorded, to the last digits that backends share', () => {
    const probes = [
      { features: [0.25, 1], score: 0.25 },
      { features: [null, 1], score: 0.5 + PROBE_TOLERANCE / 2 },
    ]
    expect(() => checkProbes(scorer, { probes }, 'models/x/1.0.0')).not.toThrow()
  })

  it('stop a model that scores otherwise, by the name of the field', () => {
    const probes = [
      { features: [0.25, 1], score: 0.25 },
      { features: [0.75, null], score: 0.7501 },
    ]
    try {
      checkProbes(scorer, { probes }, 'models/x/1.0.0')
      expect.unreachable()
    } catch (error) {
      expect(isFailure(error, 'model')).toBe(true)
      expect(String(error)).toContain(
        'models/x/1.0.0/manifest.json: probes.1.score is 0.7501, this program computes 0.75',
      )
    }
  })
})
