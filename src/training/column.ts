/** Figures of one column of numbers, as scikit-learn and NumPy define them; NaN = no value, and is passed over. */

/** @returns the values that are there, in their order */
export function present(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values).filter((value) => Number.isFinite(value))
}

/** Welford's update; the spread of the population (`StandardScaler`). 0 and 0 of nothing. */
export function meanAndStd(values: ArrayLike<number>): { readonly mean: number; readonly std: number } {
  let mean = 0
  let squares = 0
  for (let i = 0; i < values.length; i++) {
    const delta = values[i]! - mean
    mean += delta / (i + 1)
    squares += delta * (values[i]! - mean)
  }
  return { mean, std: values.length > 0 ? Math.sqrt(squares / values.length) : 0 }
}

/** Third standardised moment of the population; 0 without spread. */
export function skewness(values: ArrayLike<number>): number {
  const { mean, std } = meanAndStd(values)
  if (!(std > 0)) return 0
  let cubes = 0
  for (let i = 0; i < values.length; i++) cubes += ((values[i]! - mean) / std) ** 3
  return cubes / values.length
}
