/**
 * The Yeo-Johnson transform: a power that takes the skew out of a column, for values of either sign.
 * I.-K. Yeo, R. A. Johnson, "A new family of power transformations to improve normality or symmetry",
 * Biometrika 87 (2000), 954–959. Equal to scikit-learn's `PowerTransformer` (tests hold its vectors).
 */

/** Powers nearer than this to 0 (or 2) are the logarithm; scikit-learn's limit. */
const NEAR = 2 ** -52

export function yeoJohnson(value: number, lambda: number): number {
  if (value >= 0) {
    if (Math.abs(lambda) < NEAR) return Math.log1p(value)
    return Math.expm1(lambda * Math.log1p(value)) / lambda
  }
  const other = 2 - lambda
  if (Math.abs(other) <= NEAR) return -Math.log1p(-value)
  return -Math.expm1(other * Math.log1p(-value)) / other
}
