/** What every scorer must do, on whichever backend: the suite of `scorer.test.ts` and `scorer-wasm.test.ts`. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '../../simulators/random.ts'
import type { Scorer } from '../../src/core/ports.ts'
import { type Backend, loadBackend } from '../../src/model/backend.ts'
import { calibrator } from '../../src/model/calibration.ts'
import { inputsOf } from '../../src/model/inputs.ts'
import { averageNetworks, buildNetwork, type NetworkFiles, networkFiles } from '../../src/model/network.ts'
import { MOST_PREDICTED_ROWS } from '../../src/model/rows.ts'
import { createScorer } from '../../src/model/scorer.ts'
import { FEATURES, plainScores, smallInputs, smallNetwork, smallScaling } from '../support/small-model.ts'

const WIDTH = FEATURES.length

/** Vectors around the scaler's means, with missing, infinite and absurd values among them. */
function someVectors(rows: number, seed: number): Float64Array {
  const random = createRandom(seed, 'vectors')
  const { mean, std } = smallScaling(1)
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, 1e300, -1e300, 0]
  return Float64Array.from({ length: rows * WIDTH }, (_, i) =>
    random.uniform() < 0.05
      ? odd[random.below(odd.length)]!
      : mean[i % WIDTH]! + 3 * random.normal() * std[i % WIDTH]!,
  )
}

function inBatches(scorer: Scorer, vectors: Float64Array, sizes: readonly number[]): number[] {
  const scores: number[] = []
  let at = 0
  for (const size of [...sizes, Number.POSITIVE_INFINITY]) {
    const rows = Math.min(size, vectors.length / WIDTH - at)
    scores.push(...scorer.score(vectors.slice(at * WIDTH, (at + rows) * WIDTH), rows))
    at += rows
  }
  return scores
}

/** @param name of the backend that the tests are meant for */
export function scorerLaws(name: Backend['name']): void {
  describe(`a scorer on ${name}`, () => {
    const inputs = smallInputs(1)
    const { mean } = smallScaling(1)
    const net = (from: NetworkFiles) => ({ name: 'small@1.0.0', inputs, files: from, calibration: null })
    let backend: Backend
    let files: NetworkFiles
    let scorer: Scorer

    beforeAll(async () => {
      backend = await loadBackend()
      expect(backend.name).toBe(name)
      files = await smallNetwork(backend, 5)
      scorer = await createScorer(backend, net(files))
    })

    it('gives the same bits to a vector, whoever shares its batch', () => {
      fc.assert(
        fc.property(
          fc.integer(),
          fc.integer({ min: 1, max: 300 }),
          fc.array(fc.integer({ min: 0, max: 130 }), { maxLength: 8 }),
          (seed, rows, sizes) => {
            const vectors = someVectors(rows, seed)
            expect(inBatches(scorer, vectors, sizes)).toEqual([...scorer.score(vectors, rows)])
          },
        ),
      )
    })

    it('splits what is larger than its largest tensor, and still gives the same bits', () => {
      const rows = 2 * MOST_PREDICTED_ROWS + 77
      const vectors = someVectors(rows, 3)
      expect(inBatches(scorer, vectors, [1, 63, 64, 65, MOST_PREDICTED_ROWS])).toEqual([
        ...scorer.score(vectors, rows),
      ])
    })

    it('computes the net of the files, to six decimals', () => {
      const vectors = someVectors(500, 9)
      const expected = plainScores(files, inputs, vectors)
      scorer.score(vectors, 500).forEach((score, i) => {
        expect(Math.abs(score - expected[i]!)).toBeLessThan(2e-6)
        expect(score).toBe(Math.round(score * 1e6) / 1e6)
        expect(score).toBeGreaterThanOrEqual(0)
        expect(score).toBeLessThanOrEqual(1)
      })
    })

    it('reads what is missing as the manifest says, and leaves the vectors as they were', () => {
      const vectors = someVectors(100, 11)
      const before = vectors.slice()
      const filled = vectors.map((value, i) => (Number.isFinite(value) ? value : mean[i % WIDTH]!))
      expect(scorer.score(vectors, 100)).toEqual(scorer.score(filled, 100))
      expect(vectors).toEqual(before)
    })

    it('keeps the number of tensors flat, and gives all back', async () => {
      const before = backend.tf.memory().numTensors
      const other = await createScorer(backend, net(files))
      const loaded = backend.tf.memory().numTensors
      expect(loaded).toBeGreaterThan(before)
      for (let i = 0; i < 200; i++) other.score(someVectors(1 + (i % 90), i), 1 + (i % 90))
      expect(backend.tf.memory().numTensors).toBe(loaded)
      other.dispose()
      expect(backend.tf.memory().numTensors).toBe(before)
    })

    it('calibrates before it rounds', async () => {
      const curve = { method: 'platt', slope: 0.5, offset: -1 } as const
      const other = await createScorer(backend, { ...net(files), calibration: curve })
      const vectors = someVectors(100, 4)
      const exact = plainScores(files, inputs, vectors).map(calibrator(curve))
      other.score(vectors, 100).forEach((score, i) => {
        expect(Math.abs(score - exact[i]!)).toBeLessThan(2e-6)
        expect(score).toBe(Math.round(score * 1e6) / 1e6)
      })
      other.dispose()
    })

    it('averages nets of other seeds as one net', async () => {
      const shape = { inputs: WIDTH, hidden: [4], l2: 0, seed: 1 }
      const nets = [1, 2, 3].map((seed) => buildNetwork(backend.tf, { ...shape, seed }))
      const apart = await Promise.all(nets.map((one) => networkFiles(backend.tf, one)))
      const before = backend.tf.memory().numTensors
      const whole = averageNetworks(backend.tf, nets, shape)
      const joined = await networkFiles(backend.tf, whole)
      whole.dispose()
      expect(backend.tf.memory().numTensors).toBeLessThan(before)
      const other = await createScorer(backend, net(joined))
      const vectors = someVectors(100, 8)
      const each = apart.map((one) => plainScores(one, inputs, vectors))
      other.score(vectors, 100).forEach((score, i) => {
        expect(Math.abs(score - each.reduce((sum, scores) => sum + scores[i]!, 0) / 3)).toBeLessThan(2e-6)
      })
      other.dispose()
    })

    it('scores no window as none', () => {
      expect(scorer.score(new Float64Array(0), 0)).toHaveLength(0)
    })

    it('refuses vectors of another width, and a net of another shape, by name', async () => {
      expect(() => scorer.score(new Float64Array(WIDTH - 1), 1)).toThrow(
        `small@1.0.0: ${WIDTH - 1} numbers are not 1 rows of ${WIDTH} features`,
      )
      const narrow = { ...net(files), inputs: inputsOf(FEATURES.slice(1), []) }
      await expect(createScorer(backend, narrow)).rejects.toThrow(
        `model.json: the net takes ${WIDTH} inputs and gives 1 outputs; the manifest's steps make ${WIDTH - 1} inputs`,
      )
    })

    it('says so when weights are no numbers', async () => {
      const weights = new Uint8Array(files.weights.length).fill(0xff)
      const broken = await createScorer(backend, { ...net({ ...files, weights }), name: 'broken@1.0.0' })
      expect(() => broken.score(someVectors(3, 1), 3)).toThrow('broken@1.0.0 gives no number')
      broken.dispose()
    })
  })
}
