/**
 * The limit of a statistic that an asset keeps by itself, from its own quiet time: T² and Q are skewed, so their
 * logarithms are followed, and the limit lies a few of their standard deviations above their mean.
 */

/** Quiet windows, mean of the logarithms, their mean square deviation: plain numbers. */
export type QuietLimit = Float64Array

/** Windows that the limit remembers. */
const MEMORY_WINDOWS = 1024

/**
 * Standard deviations above the mean. Were the logarithms normal and windows independent, one quiet window in 160 would
 * exceed it; an alert wants three and a half times the limit in three windows in a row (see `docs/decisions`).
 */
const DEVIATIONS = 2.5

/** In squared spreads: what is below this is no deviation worth a word, however still the asset has been. */
const LEAST_LIMIT = 0.05
const LEAST_STATISTIC = 1e-6

export function makeQuietLimit(): QuietLimit {
  return new Float64Array(3)
}

/** Learns the statistic of a quiet window. */
export function learnLimit(limit: QuietLimit, statistic: number): void {
  const windows = Math.min(limit[0]! + 1, MEMORY_WINDOWS)
  const value = Math.log(Math.max(LEAST_STATISTIC, statistic))
  const delta = value - limit[1]!
  limit[0] = windows
  limit[1] = limit[1]! + delta / windows
  limit[2] = limit[2]! + (delta * (value - limit[1]!) - limit[2]!) / windows
}

/** The limit as it stands. */
export function quietLimit(limit: QuietLimit): number {
  return Math.max(LEAST_LIMIT, Math.exp(limit[1]! + DEVIATIONS * Math.sqrt(limit[2]!)))
}
