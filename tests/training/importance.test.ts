import { describe, expect, it } from 'vitest'
import { createRandom } from '../../simulators/random.ts'
import { permutationImportance } from '../../src/training/importance.ts'

const FEATURES = ['load.mean', 'load.std', 'heat.mean']

/** Scores by heat alone, a little by load. */
const scorer = {
  score: (vectors: Float64Array, rows: number) =>
    Float64Array.from({ length: rows }, (_, row) => vectors[row * 3 + 2]! + vectors[row * 3]! / 100),
  dispose() {},
}

function toys(rows: number) {
  const random = createRandom(1, 'importance')
  const vectors = Float64Array.from({ length: rows * 3 }, () => random.uniform())
  const positive = Uint8Array.from({ length: rows }, (_, row) => (vectors[row * 3 + 2]! > 0.8 ? 1 : 0))
  return { vectors, positive }
}

describe('the importance of features', () => {
  it('is how much precision falls without what they tell', () => {
    const { vectors, positive } = toys(400)
    const found = permutationImportance(scorer, FEATURES, vectors, positive, 3)!
    expect(found.channels.map(({ name }) => name)).toEqual(['heat', 'load'])
    expect(found.channels[0]!.fall).toBeGreaterThan(0.5)
    expect(Math.abs(found.channels[1]!.fall)).toBeLessThan(0.05)
    expect(found.features.find(({ name }) => name === 'load.std')?.fall).toBe(0)
    expect(permutationImportance(scorer, FEATURES, vectors, positive, 3)).toEqual(found)
  })

  it('is measured on a part of many windows, and not at all on one class', () => {
    const { vectors, positive } = toys(10_000)
    expect(permutationImportance(scorer, FEATURES, vectors, positive, 3)!.windows).toBe(8192)
    expect(permutationImportance(scorer, FEATURES, vectors, new Uint8Array(10_000), 3)).toBeNull()
  })
})
