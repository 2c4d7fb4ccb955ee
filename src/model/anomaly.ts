/**
 * What the manifest of an anomaly model holds beside the net, and the arithmetic from both to a score: an autoencoder's
 * squared error and, as its linear companion, T² and Q of principal components (`core/pca.ts`), each over its limit.
 * Training sets the limits, `anomaly-scorer.ts` serves.
 */
import Type, { type Static } from 'typebox'
import { type Components, distances, qContributions, t2Contributions } from '../core/pca.ts'

const strict = { additionalProperties: false }
const Numbers = Type.Array(Type.Number(), { minItems: 1 })
const ABOVE_0 = { exclusiveMinimum: 0 }
const SHARE = { minimum: 0, maximum: 1 }
const Limit = Type.Number(ABOVE_0)
const Share = Type.Number(SHARE)

const Companion = Type.Object(
  {
    mean: Numbers,
    spread: Type.Array(Limit, { minItems: 1 }),
    axes: Type.Array(Type.Number(), { description: 'Row-major [kept x inputs]' }),
    variance: Type.Array(Limit, { description: 'Along each axis, in squared spreads' }),
    t2: Limit,
    q: Limit,
    limit: Limit,
  },
  {
    ...strict,
    description: 'Principal components of the inputs; the statistic is T2 / t2 + Q / q, beside its limit',
  },
)
export type Companion = Static<typeof Companion>

/** Of windows that neither taught nor set a limit. */
const Judged = Type.Object(
  {
    beyondLimit: Type.Number({ ...SHARE, description: 'Share of the normal windows that score above 0.5' }),
    falseAlarms: Type.Number({ ...SHARE, description: 'Share of them above thresholds.above' }),
    prAuc: Type.Union([Share, Type.Null()], { description: 'null: no window of them is labelled' }),
  },
  strict,
)
export type JudgedAnomaly = Static<typeof Judged>

export const Anomaly = Type.Object(
  {
    limit: Type.Number({ ...ABOVE_0, description: "Sum of the inputs' squared errors that scores 0.5" }),
    companion: Companion,
    quantile: Type.Number({ ...SHARE, description: 'Of the held-out windows; a limit is this times factor' }),
    factor: Limit,
    heldOut: Type.Object(
      {
        by: Type.Enum(['asset', 'time']),
        limitWindows: Type.Integer({
          minimum: 1,
          description: 'Windows that stopped the fit and set limits',
        }),
        windows: Type.Integer({ minimum: 1, description: 'Normal windows that judged' }),
        positive: Type.Integer({ minimum: 0, description: 'Labelled windows that judged' }),
        model: Judged,
        net: Judged,
        companion: Judged,
      },
      strict,
    ),
  },
  { ...strict, description: 'Of kind anomaly only: limits, linear companion, and how it did' },
)
export type Anomaly = Static<typeof Anomaly>

/** What of it gives the score. */
export type AnomalyLimits = Pick<Anomaly, 'limit' | 'companion'>

/** 0.8, where the default rule raises, at three times the limit. */
export const STEEPNESS = 1.26

/** @param ratio statistic over limit, 0 or more; 1 gives 0.5 */
export function anomalyScore(ratio: number): number {
  // 1 / (1 + r^-s) is the same as r^s / (1 + r^s) and can't become infinity over infinity.
  return 1 / (1 + ratio ** -STEEPNESS)
}

/** One row's view by the companion. */
export interface Linear {
  readonly t2: number
  readonly q: number
}

/** A companion made ready. */
export interface LinearModel {
  /** @param known 0 = the input's feature is missing: it doesn't deviate */
  distances(inputs: Float32Array, known: Uint8Array): Linear
  /** Parts of T² / t2 + Q / q, per input; they add up to it. */
  parts(inputs: Float32Array, known: Uint8Array): Float64Array
}

export function linearModel(companion: Omit<Companion, 'limit'>): LinearModel {
  const { mean, spread, axes, variance, t2, q } = companion
  const components: Components = {
    spread: Float64Array.from(spread),
    axes: Float64Array.from(axes),
    variance: Float64Array.from(variance),
  }
  const deviation = (inputs: Float32Array, known: Uint8Array) =>
    Float64Array.from(mean, (centre, i) => (known[i] === 1 ? (inputs[i]! - centre) / spread[i]! : 0))
  return {
    distances: (inputs, known) => distances(components, deviation(inputs, known)),
    parts(inputs, known) {
      const deviations = deviation(inputs, known)
      const off = qContributions(components, deviations)
      return t2Contributions(components, deviations).map((along, i) => along / t2 + off[i]! / q)
    },
  }
}

/** What of the section does not fit a net of so many inputs; null = it fits. */
export function misfit({ companion }: AnomalyLimits, width: number): string | null {
  const wanted = { mean: width, spread: width, axes: companion.variance.length * width }
  for (const field of ['mean', 'spread', 'axes'] as const) {
    const found = companion[field].length
    if (found !== wanted[field])
      return `anomaly.companion.${field} has ${found} numbers, ${wanted[field]} fit ${width} inputs`
  }
  return null
}
