import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eigen } from '../../src/core/eigen.ts'
import { distances, fitComponents, qContributions, t2Contributions } from '../../src/core/pca.ts'

interface Case {
  readonly covariance: number[]
  readonly spread: number[]
  readonly eigenvalues: number[]
  readonly kept: number
  readonly deviation: number[]
  readonly t2: number
  readonly q: number
  readonly t2Contributions: number[]
  readonly qContributions: number[]
}

const golden: { readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL('golden/pca.json', import.meta.url), 'utf8'),
)

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length)
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThan(1e-9 * Math.max(1, Math.abs(expected[i]!)))
  }
}

describe('against NumPy and scikit-learn', () => {
  test.each(golden.cases.map((made) => [made.spread.length, made] as const))('%i features', (size, made) => {
    const spread = Float64Array.from(made.spread)
    const components = fitComponents(Float64Array.from(made.covariance), spread)
    const correlation = made.covariance.map(
      (value, at) => value / (spread[Math.floor(at / size)]! * spread[at % size]!),
    )
    expectClose(eigen(Float64Array.from(correlation), size).values, made.eigenvalues)
    expect(components.variance.length).toBe(made.kept)
    const deviation = Float64Array.from(made.deviation)
    const { t2, q } = distances(components, deviation)
    expectClose([t2, q], [made.t2, made.q])
    expectClose(t2Contributions(components, deviation), made.t2Contributions)
    expectClose(qContributions(components, deviation), made.qContributions)
  })
})

const cell = fc.double({ min: -100, max: 100, noNaN: true })
const matrices = fc.integer({ min: 1, max: 8 }).chain((size) =>
  fc
    .array(fc.array(cell, { minLength: size, maxLength: size }), { minLength: size, maxLength: size })
    .map((rows) => {
      // MᵀM is symmetric and has no negative eigenvalue.
      const matrix = new Float64Array(size * size)
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++)
          matrix[i * size + j] = rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0)
      }
      return { size, matrix }
    }),
)

test('eigenvectors times eigenvalues make the matrix again, greatest first', () => {
  fc.assert(
    fc.property(matrices, ({ size, matrix }) => {
      const { values, vectors } = eigen(matrix, size)
      const scale = Math.max(1, ...matrix.map(Math.abs))
      expect([...values]).toEqual([...values].sort((a, b) => b - a))
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) {
          let sum = 0
          for (let k = 0; k < size; k++) sum += values[k]! * vectors[k * size + i]! * vectors[k * size + j]!
          expect(Math.abs(sum - matrix[i * size + j]!)).toBeLessThan(1e-9 * scale)
        }
      }
    }),
  )
})

test('contributions are none where nothing deviates, and add up to what they explain', () => {
  fc.assert(
    fc.property(matrices, fc.array(cell, { minLength: 8, maxLength: 8 }), ({ size, matrix }, cells) => {
      const spread = Float64Array.from({ length: size }, (_, i) =>
        Math.max(1e-3, Math.sqrt(matrix[i * size + i]!)),
      )
      const components = fitComponents(matrix, spread)
      const deviation = Float64Array.from(cells.slice(0, size))
      const { t2, q } = distances(components, deviation)
      for (const [of, whole] of [
        [t2Contributions(components, deviation), t2],
        [qContributions(components, deviation), q],
      ] as const) {
        expect(of.every((share, i) => deviation[i] !== 0 || share === 0)).toBe(true)
        const sum = of.reduce((total, share) => total + share, 0)
        expect(Math.abs(sum - whole)).toBeLessThanOrEqual(1e-7 * Math.max(1, whole))
      }
    }),
  )
})
