/**
 * One-pass moments of one channel in one window, updated reading by reading in log order.
 * State is eleven numbers in a shared Float64Array, so that an open window costs no object per value.
 *
 * Central moments: P. Pébay, "Formulas for Robust, One-Pass Parallel Computation of Covariances and
 * Arbitrary-Order Statistical Moments", SAND2008-6212, eq. 2.1 ff. Values are taken relative to the window's
 * first one, so an offset of 1e9 costs no digits. They are never merged from batches: that would change the
 * last bits with the batch boundaries (law 3). Sessions merge where a reading of the log joins them.
 */

/** Numbers that one channel of one window takes in the array. */
export const MOMENT_SLOTS = 11

const N = 0
const ORIGIN = 1
const MEAN = 2
const M2 = 3
const M3 = 4
const M4 = 5
const MIN = 6
const MAX = 7
const T_MEAN = 8
const T_M2 = 9
const XT = 10

/** The statistics of a channel in a window, in the order in which `writeStatistics` writes them. */
export const STATISTICS = ['mean', 'std', 'min', 'max', 'rms', 'skewness', 'kurtosis', 'slope'] as const

export type Statistic = (typeof STATISTICS)[number]

/** Least and greatest plausible value of each channel. */
interface PlausibleRanges {
  readonly min: Float64Array
  readonly max: Float64Array
}

/**
 * Adds the values of a reading, all in one call: a number that is handed from function to function is an object for the
 * garbage collector each time.
 * @param acc moments of all channels of a window, `MOMENT_SLOTS` each
 * @param values those that are implausible, or NaN, count as not measured
 * @param channels index of each value's channel; -1: it is not kept
 * @param seconds event time since the window's start
 */
export function addValues(
  acc: Float64Array,
  values: Float64Array,
  channels: Int16Array,
  { min, max }: PlausibleRanges,
  seconds: number,
): void {
  for (let i = 0; i < channels.length; i++) {
    const channel = channels[i]!
    if (channel < 0) continue
    const value = values[i]!
    // Comparisons with NaN are false: a missing value falls out here as an implausible one does.
    if (!(value >= min[channel]! && value <= max[channel]!)) continue
    const at = channel * MOMENT_SLOTS
    const n = acc[at + N]! + 1
    acc[at + N] = n
    if (n === 1) {
      acc[at + ORIGIN] = value
      acc[at + MIN] = value
      acc[at + MAX] = value
      acc[at + T_MEAN] = seconds
      continue
    }
    if (value < acc[at + MIN]!) acc[at + MIN] = value
    else if (value > acc[at + MAX]!) acc[at + MAX] = value

    const m2 = acc[at + M2]!
    const m3 = acc[at + M3]!
    const delta = value - acc[at + ORIGIN]! - acc[at + MEAN]!
    const share = delta / n
    const square = share * share
    const term = delta * share * (n - 1)
    acc[at + MEAN] = acc[at + MEAN]! + share
    acc[at + M4] = acc[at + M4]! + term * square * (n * n - 3 * n + 3) + 6 * square * m2 - 4 * share * m3
    acc[at + M3] = m3 + term * share * (n - 2) - 3 * share * m2
    acc[at + M2] = m2 + term

    const later = seconds - acc[at + T_MEAN]!
    const tMean = acc[at + T_MEAN]! + later / n
    acc[at + T_MEAN] = tMean
    acc[at + T_M2] = acc[at + T_M2]! + later * (seconds - tMean)
    acc[at + XT] = acc[at + XT]! + delta * (seconds - tMean)
  }
}

const FIRST = Int16Array.of(0)
const ANY: PlausibleRanges = {
  min: Float64Array.of(Number.NEGATIVE_INFINITY),
  max: Float64Array.of(Number.POSITIVE_INFINITY),
}

/** Adds one value; `at` is where its channel's slots begin. */
export function addValue(acc: Float64Array, at: number, value: number, seconds: number): void {
  addValues(acc.subarray(at, at + MOMENT_SLOTS), Float64Array.of(value), FIRST, ANY, seconds)
}

/**
 * Takes over the moments of another window's channel: eq. 2.1 and those for sets in the report named above.
 * @param at where the channel's slots begin, in both
 * @param laterSeconds by how much the other window's times begin later
 */
export function mergeMoments(acc: Float64Array, other: Float64Array, at: number, laterSeconds: number): void {
  const [a, b] = [acc[at + N]!, other[at + N]!]
  if (b === 0) return
  if (a === 0) {
    acc.set(other.subarray(at, at + MOMENT_SLOTS), at)
    acc[at + T_MEAN] = other[at + T_MEAN]! + laterSeconds
    return
  }
  const n = a + b
  const [a2, b2, a3, b3] = [acc[at + M2]!, other[at + M2]!, acc[at + M3]!, other[at + M3]!]
  const delta = other[at + ORIGIN]! - acc[at + ORIGIN]! + other[at + MEAN]! - acc[at + MEAN]!
  const share = delta / n
  const term = delta * share * a * b
  acc[at + M4] =
    acc[at + M4]! +
    other[at + M4]! +
    term * share * share * (a * a - a * b + b * b) +
    6 * share * share * (a * a * b2 + b * b * a2) +
    4 * share * (a * b3 - b * a3)
  acc[at + M3] = a3 + b3 + term * share * (a - b) + 3 * share * (a * b2 - b * a2)
  acc[at + M2] = a2 + b2 + term
  acc[at + MEAN] = acc[at + MEAN]! + share * b
  acc[at + N] = n
  acc[at + MIN] = Math.min(acc[at + MIN]!, other[at + MIN]!)
  acc[at + MAX] = Math.max(acc[at + MAX]!, other[at + MAX]!)

  const later = other[at + T_MEAN]! + laterSeconds - acc[at + T_MEAN]!
  acc[at + T_M2] = acc[at + T_M2]! + other[at + T_M2]! + (later * later * a * b) / n
  acc[at + XT] = acc[at + XT]! + other[at + XT]! + (delta * later * a * b) / n
  acc[at + T_MEAN] = acc[at + T_MEAN]! + (later * b) / n
}

/**
 * Writes the statistics of a channel, in the order of `STATISTICS`: std of the population, excess kurtosis,
 * least-squares slope per second; zero variance gives 0 for the last three; NaN where there is no value or a
 * statistic over- or underflows.
 */
export function writeStatistics(acc: Float64Array, at: number, out: Float64Array, to: number): void {
  const n = acc[at + N]!
  if (n === 0) {
    out.fill(Number.NaN, to, to + STATISTICS.length)
    return
  }
  const mean = acc[at + ORIGIN]! + acc[at + MEAN]!
  const m2 = acc[at + M2]!
  const variance = m2 / n
  const spread = m2 !== 0
  out[to] = finite(mean)
  out[to + 1] = finite(Math.sqrt(variance))
  out[to + 2] = acc[at + MIN]!
  out[to + 3] = acc[at + MAX]!
  out[to + 4] = finite(Math.sqrt(mean * mean + variance))
  out[to + 5] = spread ? finite((Math.sqrt(n) * acc[at + M3]!) / (m2 * Math.sqrt(m2))) : 0
  out[to + 6] = spread ? finite((n * acc[at + M4]!) / (m2 * m2) - 3) : 0
  out[to + 7] = spread && acc[at + T_M2]! > 0 ? finite(acc[at + XT]! / acc[at + T_M2]!) : 0
}

/** Values of a channel in the window. */
export function valueCount(acc: Float64Array, at: number): number {
  return acc[at + N]!
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN
}
