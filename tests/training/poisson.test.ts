import { describe, expect, it } from 'vitest'
import { upperMean } from '../../src/training/poisson.ts'

describe('the upper bound of a Poisson mean', () => {
  /** `chi2.ppf(0.95, 2 * count + 2) / 2` of SciPy. */
  it.each([
    [0, 2.9957322735539895],
    [1, 4.743864518390577],
    [2, 6.295793621871988],
    [5, 10.513034908741535],
    [10, 16.962219235721903],
    [40, 52.069369115136936],
    [300, 330.09424906170517],
    [5000, 5117.886079407686],
  ])('of %d events is that of SciPy', (count, bound) => {
    expect(Math.abs(upperMean(count) - bound)).toBeLessThan(1e-8 * bound)
  })
})
