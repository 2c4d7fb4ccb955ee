/**
 * Principal components of an asset's features, and how far a deviation lies from them: T² along the components that are
 * kept, Q (squared prediction error) off them. The baseline of a pipeline without a model is made of both.
 *
 * J. E. Jackson, G. S. Mudholkar, "Control procedures for residuals associated with principal component analysis",
 * Technometrics 21, 1979. Contributions are partial decompositions (C. F. Alcala, S. J. Qin,
 * "Analysis and generalization of fault diagnosis methods for process monitoring", J. Process Control 21, 2011): of an
 * index dᵀMd feature i has dᵢ(Md)ᵢ. They add up to the index, a feature that does not deviate has none (the complete
 * decomposition smears over it), and one below 0 speaks against.
 */
import { eigen } from './eigen.ts'

export interface Components {
  /** Spread of each feature; deviations are taken in it. */
  readonly spread: Float64Array
  /** Row-major [kept × features]: the components. */
  readonly axes: Float64Array
  /** Variance along each, in squared spreads. */
  readonly variance: Float64Array
}

/** Share of the variance that the kept components have; at least one direction is left to Q. */
const KEPT_SHARE = 0.9

/** A direction along which nothing moved is no reason for an infinite T². */
const LEAST_VARIANCE = 1e-6

/**
 * @param covariance row-major [features × features]
 * @param spread of each feature, above 0
 */
export function fitComponents(covariance: Float64Array, spread: Float64Array): Components {
  const size = spread.length
  const correlation = covariance.map(
    (value, at) => value / (spread[Math.floor(at / size)]! * spread[at % size]!),
  )
  const { values, vectors } = eigen(correlation, size)
  const total = values.reduce((sum, value) => sum + Math.max(0, value), 0)
  let kept = 0
  for (let sum = 0; kept < size - 1 && sum < KEPT_SHARE * total; kept++) sum += Math.max(0, values[kept]!)
  return {
    spread,
    axes: vectors.slice(0, kept * size),
    variance: values.slice(0, kept).map((value) => Math.max(LEAST_VARIANCE, value)),
  }
}

/** T² and Q of a deviation. */
export interface Distances {
  readonly t2: number
  readonly q: number
}

/** @param deviation of each feature in its spread; 0 where it is not known */
export function distances(components: Components, deviation: Float64Array): Distances {
  const { axes, variance } = components
  let t2 = 0
  for (let k = 0; k < variance.length; k++) t2 += project(axes, k, deviation) ** 2 / variance[k]!
  return { t2, q: offAxes(components, deviation).reduce((sum, value) => sum + value * value, 0) }
}

/** Contribution of each feature to T²; they add up to it. */
export function t2Contributions({ axes, variance }: Components, deviation: Float64Array): Float64Array {
  const size = deviation.length
  const weighed = new Float64Array(size)
  for (let k = 0; k < variance.length; k++) {
    const along = project(axes, k, deviation) / variance[k]!
    for (let i = 0; i < size; i++) weighed[i] = weighed[i]! + along * axes[k * size + i]!
  }
  return weighed.map((value, i) => value * deviation[i]!)
}

/** Contribution of each feature to Q; they add up to it. */
export function qContributions(components: Components, deviation: Float64Array): Float64Array {
  return offAxes(components, deviation).map((value, i) => value * deviation[i]!)
}

/** What of a deviation no kept component explains. */
function offAxes({ axes, variance }: Components, deviation: Float64Array): Float64Array {
  const off = deviation.slice()
  for (let k = 0; k < variance.length; k++) {
    const along = project(axes, k, deviation)
    for (let i = 0; i < off.length; i++) off[i] = off[i]! - along * axes[k * off.length + i]!
  }
  return off
}

function project(axes: Float64Array, k: number, deviation: Float64Array): number {
  let sum = 0
  for (let i = 0; i < deviation.length; i++) sum += axes[k * deviation.length + i]! * deviation[i]!
  return sum
}
