/**
 * What an asset without a model has learned of itself from its own quiet windows: mean and covariance of its features,
 * their principal components, the states that it has been seen in, and its own limits of T² and Q. `verdict.ts` judges
 * windows by it, `settle.ts` decides which ones may teach. Plain data: it is stored as it is.
 */

import { addState, type KnownStates, makeStates, nearestState, STATES_PER_ASSET } from './known-states.ts'
import { STATISTICS } from './moments.ts'
import { type Components, type Distances, fitComponents } from './pca.ts'
import { learnLimit, makeQuietLimit, type QuietLimit } from './quiet-limit.ts'
import type { Sisters } from './sisters.ts'

/** How a pipeline without a model learns. */
export interface LearnRule {
  /** Quiet windows of an asset after which it is judged. */
  readonly windows: number
  /** Windows that may share readings: a state is known only once that many have passed since it was learned. */
  readonly overlap: number
  /** Go on learning after the period; false: what is normal then stays as it is. */
  readonly follow: boolean
}

/** Channels that the baseline works with, the first ones of an asset; more cost with their square and are left out. */
export const BASELINE_CHANNELS = 32

/** Features of a channel: its level and its unrest. */
export const LEARNED = ['mean', 'std'] as const
const LEVEL_AT = STATISTICS.indexOf('mean')
const UNREST_AT = STATISTICS.indexOf('std')

/** Never changed once it is lent: so the order in which sisters go on does not matter to each other. */
export interface Lent {
  readonly states: KnownStates
  readonly mean: Float64Array
}

export interface Baseline {
  readonly channels: readonly string[]
  /** Windows seen, and quiet ones learned. */
  clock: number
  windows: number
  /** Per feature: windows that had it, and its mean. */
  readonly counts: Float64Array
  readonly mean: Float64Array
  /** Row-major [features × features]. */
  readonly covariance: Float64Array
  readonly states: KnownStates
  /** As of the last refit; null in the first half of the learning period. */
  components: Components | null
  readonly limits: { readonly t2: QuietLimit; readonly q: QuietLimit }
  /** T² and Q of the window before; null = it was not judged. */
  before: Distances | null
  /** Windows beyond the limit that may yet pass by themselves. */
  passing: Float64Array[]
  /** Windows at rest in a row; windows until it is judged again. */
  resting: number
  settling: number
  /** Rank among the sisters that lend their states; 0 = it lends none. */
  rank: number
  /** What it lends: its states and mean as they were when its learning period ended. */
  lent: Lent | null
}

/** Memory of mean and covariance: slow, harmless change is followed; wear that takes a day or less is not. */
const MEMORY_WINDOWS = 2880
/** Quiet windows between two refits. */
const REFIT_WINDOWS = 64
/** A spread is at least this share of the level, so that a channel that never moved can't cry wolf. */
const LEAST_SPREAD_SHARE = 0.001
const LEAST_SPREAD = 1e-9
/** A window is a state of its own when it is this far from all others, in squared spreads per feature. */
const NEW_STATE = 0.15
/** Shares of the learning period: a state is known after one, windows are first judged (in silence) after the other. */
const KNOWN_AFTER_SHARE = 1 / 60
const FITTED_AFTER_SHARE = 1 / 2
/** Windows beyond the limit that may pass by themselves. */
export const PASSING_WINDOWS = 4
/** Beyond this a value is no normal: its square would overflow. */
const GREATEST = 1e100

/** @param channels of the asset's windows; the first `BASELINE_CHANNELS` are taken */
export function makeBaseline(channels: readonly string[]): Baseline {
  const taken = channels.slice(0, BASELINE_CHANNELS)
  const size = taken.length * LEARNED.length
  return {
    channels: taken,
    clock: 0,
    windows: 0,
    counts: new Float64Array(size),
    mean: new Float64Array(size),
    covariance: new Float64Array(size * size),
    states: makeStates(),
    components: null,
    limits: { t2: makeQuietLimit(), q: makeQuietLimit() },
    before: null,
    passing: [],
    resting: 0,
    settling: 0,
    rank: 0,
    lent: null,
  }
}

/** Bytes of its numbers, which are nearly all of it. */
export function baselineBytes({ mean, covariance, states, components, passing, lent }: Baseline): number {
  const fitted = components ? components.axes.byteLength + components.spread.byteLength * 2 : 0
  const known = states.cells.byteLength + states.born.byteLength + states.used.byteLength
  const lentBytes = lent ? lent.states.cells.byteLength + lent.mean.byteLength : 0
  return covariance.byteLength + known + fitted + lentBytes + mean.byteLength * (2 + passing.length)
}

/**
 * A window as the baseline sees it: mean and root of the standard deviation of each channel (the root tames bursts);
 * NaN where it was not measured, and for the unrest of a channel with one value or a flat one.
 */
export function learnedFeatures(baseline: Baseline, statistics: Float64Array): Float64Array {
  const vector = new Float64Array(baseline.mean.length)
  for (let channel = 0; channel < baseline.channels.length; channel++) {
    const at = channel * STATISTICS.length
    const level = statistics[at + LEVEL_AT]!
    const unrest = statistics[at + UNREST_AT]!
    vector[channel * 2] = Math.abs(level) < GREATEST ? level : Number.NaN
    vector[channel * 2 + 1] = unrest > 0 && unrest < GREATEST ? Math.sqrt(unrest) : Number.NaN
  }
  return vector
}

/** True when the window is no feature at all, or too few to be a state. */
export function isSparse(vector: Float64Array): boolean {
  let there = 0
  for (const value of vector) if (!Number.isNaN(value)) there++
  // A flat channel has no unrest, so a quarter: half of the levels.
  return there === 0 || there * 4 < vector.length
}

export function isLearned({ windows }: Baseline, rule: LearnRule): boolean {
  return windows >= rule.windows
}

/** States younger than this are not known yet: windows that follow each other are alike whatever they are. */
export function knownBy({ clock }: Baseline, rule: LearnRule): number {
  return clock - Math.max(rule.overlap, Math.floor(rule.windows * KNOWN_AFTER_SHARE), 1)
}

/** 1 / spread² of each feature that the window has; 0 for those that it lacks. */
export function weightsOf({ spread }: Components, vector: Float64Array): Float64Array {
  return spread.map((value, i) => (Number.isNaN(vector[i]!) ? 0 : 1 / (value * value)))
}

/**
 * Learns a quiet window.
 * @param smoothed its T² and Q; null while there are no components, and for what is taught afterwards
 */
export function teach(
  baseline: Baseline,
  vector: Float64Array,
  smoothed: Distances | null,
  rule: LearnRule,
  sisters: Sisters,
): void {
  if (isSparse(vector)) return
  baseline.windows++
  learnMoments(baseline, vector)
  const fittedAfter = Math.ceil(rule.windows * FITTED_AFTER_SHARE)
  if (smoothed !== null) {
    learnLimit(baseline.limits.t2, smoothed.t2)
    learnLimit(baseline.limits.q, smoothed.q)
  }
  const { components, states } = baseline
  if (components === null) {
    const stride = Math.ceil((2 * fittedAfter) / STATES_PER_ASSET)
    if (baseline.windows % stride === 0) addState(states, vector, baseline.clock)
  } else {
    const weights = weightsOf(components, vector)
    const apart = NEW_STATE * vector.length
    const { index } = nearestState(states, vector, weights, Number.POSITIVE_INFINITY, apart)
    if (index < 0) addState(states, vector, baseline.clock)
  }
  const since = baseline.windows - fittedAfter
  if (since >= 0 && since % REFIT_WINDOWS === 0) refit(baseline)
  if (baseline.windows === rule.windows) sisters.join(baseline)
}

/** Running mean and covariance with a long memory; what a window lacks stays as it is. */
function learnMoments(baseline: Baseline, vector: Float64Array): void {
  const { counts, mean, covariance } = baseline
  const size = vector.length
  const before = new Float64Array(size)
  const after = new Float64Array(size)
  for (let i = 0; i < size; i++) {
    if (Number.isNaN(vector[i]!)) continue
    counts[i] = Math.min(counts[i]! + 1, MEMORY_WINDOWS)
    before[i] = vector[i]! - mean[i]!
    mean[i] = mean[i]! + before[i]! / counts[i]!
    after[i] = vector[i]! - mean[i]!
  }
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      if (Number.isNaN(vector[i]!) || Number.isNaN(vector[j]!)) continue
      const windows = Math.min(counts[i]!, counts[j]!)
      const at = i * size + j
      const product = (before[i]! * after[j]! + after[i]! * before[j]!) / 2
      covariance[at] = covariance[at]! + (product - covariance[at]!) / windows
      covariance[j * size + i] = covariance[at]!
    }
  }
}

function refit(baseline: Baseline): void {
  const { mean, covariance } = baseline
  const size = mean.length
  const spread = mean.map((level, i) =>
    Math.max(
      Math.sqrt(Math.max(0, covariance[i * size + i]!)),
      LEAST_SPREAD_SHARE * Math.abs(level) + LEAST_SPREAD,
    ),
  )
  baseline.components = fitComponents(covariance, spread)
}
