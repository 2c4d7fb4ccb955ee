/**
 * A window against its asset's baseline: how far from the nearest state in which this asset or a sister was seen, along
 * the principal components (T²) and off them (Q), both over the asset's own limits. Changes nothing but the
 * baseline's clock and what it remembers of the window before.
 */
import {
  type Baseline,
  isLearned,
  isSparse,
  knownBy,
  type LearnRule,
  type Lent,
  weightsOf,
} from './baseline.ts'
import { type KnownStates, nearestState } from './known-states.ts'
import { type Components, type Distances, distances, qContributions, t2Contributions } from './pca.ts'
import { quietLimit } from './quiet-limit.ts'
import type { Sisters } from './sisters.ts'

export interface Verdict {
  readonly vector: Float64Array
  /** T² and Q of this window alone; null while there are no components, at rest, and without values. */
  readonly judged: Distances | null
  /** The lesser of them and those of the window before: what passes within a window is no news. */
  readonly smoothed: Distances | null
  /** The lesser of this window and the one before over the limit, of T² or Q whichever is greater; 0 while learning. */
  readonly ratio: number
  /** The same of this window alone. */
  readonly ratioAlone: number
  readonly learning: boolean
  /** The machine stands still, or comes back from a standstill. */
  readonly resting: boolean
  /** Deviation of each feature from the nearest state, in spreads, and that state as this asset would show it. */
  readonly deviation: Float64Array
  readonly known: Float64Array
}

/** No deviation counts as more: the square of what a broken sensor can send would drown all others. */
const MOST_SPREADS = 30

/** At rest a channel shows less than this share of its usual level; at least two channels and half of them do. */
const REST_SHARE = 0.1
const REST_CHANNELS = 2
/** Windows that must be learned before a standstill can be told. */
const REST_KNOWN_AFTER = 20
/** Coming back takes a machine longer than it stood still (it must warm up), and has an end. */
const SETTLING_PER_RESTING = 2
const MOST_SETTLING = 60

const NOTHING = new Float64Array(0)

export function judgeWindow(
  baseline: Baseline,
  vector: Float64Array,
  rule: LearnRule,
  sisters: Sisters,
): Verdict {
  baseline.clock++
  const learning = !isLearned(baseline, rule)
  const resting = comesToRest(baseline, vector)
  const settling = !resting && baseline.settling > 0
  if (settling) baseline.settling--
  const { components } = baseline
  const unjudged = {
    vector,
    judged: null,
    smoothed: null,
    ratio: 0,
    ratioAlone: 0,
    learning,
    deviation: NOTHING,
    known: NOTHING,
  }
  if (resting || (settling && !learning)) {
    baseline.before = null
    return { ...unjudged, resting: true }
  }
  if (components === null || isSparse(vector)) return { ...unjudged, resting: false }
  const known = nearestKnown(baseline, components, vector, rule, sisters)
  const deviation = deviationFrom(known, components, vector)
  const judged = distances(components, deviation)
  const before = settling ? null : baseline.before
  baseline.before = judged
  const smoothed = before ? { t2: Math.min(before.t2, judged.t2), q: Math.min(before.q, judged.q) } : judged
  return {
    vector,
    judged,
    smoothed,
    ratio: learning || !before ? 0 : ratioOf(baseline, smoothed),
    ratioAlone: learning ? 0 : ratioOf(baseline, judged),
    learning,
    resting: false,
    deviation,
    known,
  }
}

function ratioOf({ limits }: Baseline, { t2, q }: Distances): number {
  return Math.max(t2 / quietLimit(limits.t2), q / quietLimit(limits.q))
}

/**
 * Share of each feature in the statistic that rules the verdict; they add up to 1, or are all 0.
 * @param verdict of a window that was judged
 */
export function sharesOf({ limits, components }: Baseline, { judged, deviation }: Verdict): Float64Array {
  if (components === null || judged === null) return deviation.map(() => 0)
  const byT2 = judged.t2 / quietLimit(limits.t2) > judged.q / quietLimit(limits.q)
  const shares = (byT2 ? t2Contributions : qContributions)(components, deviation)
  const sum = shares.reduce((total, share) => total + share, 0)
  return sum > 0 ? shares.map((share) => share / sum) : shares
}

/**
 * The nearest state, in this asset's own coordinates: its own, or one that sisters know. Where several lend, two of
 * them must know it, so that one which was failing while it was learned misleads nobody. Without any, the mean.
 */
function nearestKnown(
  baseline: Baseline,
  components: Components,
  vector: Float64Array,
  rule: LearnRule,
  sisters: Sisters,
): Float64Array {
  const weights = weightsOf(components, vector)
  const { states, clock } = baseline
  const own = nearestState(states, vector, weights, knownBy(baseline, rule), Number.POSITIVE_INFINITY)
  if (own.index >= 0) states.used[own.index] = clock
  const within = own.index < 0 ? Number.POSITIVE_INFINITY : own.distance
  const lenders = sisters.lenders(baseline).filter((sister) => sister !== baseline)
  const nearer = lenders.flatMap(({ lent }) => {
    const state = lent && nearestLent(baseline.mean, lent, vector, weights, within)
    return state ? [state] : []
  })
  nearer.sort((a, b) => a.distance - b.distance)
  const lent = nearer[lenders.length > 1 ? 1 : 0]
  if (lent) return lent.state
  return own.index < 0 ? baseline.mean : stateAt(states, own.index, vector.length)
}

/**
 * A sister's nearest state, moved by the difference of the means; unmoved where that is nearer: a machine that stands
 * still or idles shows zeros, whatever its usual level.
 */
function nearestLent(
  mean: Float64Array,
  lent: Lent,
  vector: Float64Array,
  weights: Float64Array,
  within: number,
): { readonly distance: number; readonly state: Float64Array } | null {
  const shift = mean.map((level, i) => level - lent.mean[i]!)
  const moved = nearestState(
    lent.states,
    vector.map((value, i) => value - shift[i]!),
    weights,
    Number.POSITIVE_INFINITY,
    within,
  )
  const still = nearestState(lent.states, vector, weights, Number.POSITIVE_INFINITY, moved.distance)
  if (still.index >= 0) {
    return { distance: still.distance, state: stateAt(lent.states, still.index, vector.length) }
  }
  if (moved.index < 0) return null
  const state = stateAt(lent.states, moved.index, vector.length).map((value, i) => value + shift[i]!)
  return { distance: moved.distance, state }
}

function stateAt({ cells }: KnownStates, index: number, size: number): Float64Array {
  return cells.subarray(index * size, (index + 1) * size)
}

/** In spreads, bounded; 0 where either side was not measured. */
function deviationFrom(known: Float64Array, { spread }: Components, vector: Float64Array): Float64Array {
  return vector.map((value, i) => {
    const apart = (value - known[i]!) / spread[i]!
    return Number.isNaN(apart) ? 0 : Math.min(MOST_SPREADS, Math.max(-MOST_SPREADS, apart))
  })
}

/** Follows standstills: true while the machine stands still; afterwards `settling` counts down. */
function comesToRest(baseline: Baseline, vector: Float64Array): boolean {
  if (!isAtRest(baseline, vector)) {
    baseline.resting = 0
    return false
  }
  baseline.resting++
  baseline.settling = Math.min(MOST_SETTLING, SETTLING_PER_RESTING * baseline.resting + 1)
  return true
}

function isAtRest({ windows, mean, counts }: Baseline, vector: Float64Array): boolean {
  if (windows < REST_KNOWN_AFTER) return false
  let measured = 0
  let low = 0
  for (let i = 0; i < vector.length; i += 2) {
    if (Number.isNaN(vector[i]!) || counts[i] === 0) continue
    measured++
    if (Math.abs(vector[i]!) < REST_SHARE * Math.abs(mean[i]!)) low++
  }
  return low >= REST_CHANNELS && 2 * low >= measured
}
