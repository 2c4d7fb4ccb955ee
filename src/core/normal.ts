/**
 * What an asset normally shows: mean and spread of each statistic of each channel over its quiet windows.
 * Alerts of a model say by it which channels moved and by how much.
 */
import { STATISTICS } from './moments.ts'
import type { Reason } from './records.ts'

/** Statistics by which a window is judged: level and unrest of a channel. The normal of all others is kept beside. */
const JUDGED = ['mean', 'std'].map((name) => STATISTICS.findIndex((statistic) => statistic === name))
const LEVEL = STATISTICS.indexOf('mean')

/** Windows after which a normal is believed. */
export const NORMAL_LEARNED = 20

/**
 * Once learned, the normal follows slow, harmless change with a memory of this many windows. Following faster would
 * take a wear that grows over days for the new normal.
 */
const MEMORY_WINDOWS = 512

/** A spread is at least this share of the channel's level, so that a channel that never moved can't cry wolf. */
const LEAST_SPREAD_SHARE = 0.001
const LEAST_SPREAD = 1e-9

/** No deviation counts as more: the square of what a broken sensor can send would overflow. */
const MOST_SPREADS = 1e6

/** Per channel and statistic: windows, mean, mean square deviation. */
const SLOTS = 3
const CHANNEL_SLOTS = STATISTICS.length * SLOTS

/**
 * Plain numbers: `SLOTS` per statistic of each channel of the layout, in the order of `STATISTICS`. It may be ahead of a window that
 * closed before a channel came, so what is worked through are the window's channels.
 */
export interface Normal {
  cells: Float64Array
}

/** How far one channel of a window is from its normal. */
interface Deviation {
  readonly statistic: number
  readonly value: number
  readonly normal: number
  /** In spreads, 0 while the normal is not learned. */
  readonly spreads: number
}

export function makeNormal(channels: number): Normal {
  return { cells: new Float64Array(channels * CHANNEL_SLOTS) }
}

/** Makes room for channels that appeared later. */
export function widenNormal(normal: Normal, channels: number): void {
  const cells = new Float64Array(channels * CHANNEL_SLOTS)
  cells.set(normal.cells)
  normal.cells = cells
}

/**
 * Learns a quiet window (Welford's update; once learned, exponential forgetting over `MEMORY_WINDOWS`). A value so
 * large that the spread would overflow is no normal: it is passed over.
 * @param statistics of all channels, as a closed window has them
 */
export function learnNormal(normal: Normal, statistics: Float64Array): void {
  for (let i = 0; i < statistics.length; i++) {
    const value = statistics[i]!
    if (Number.isNaN(value)) continue
    const at = i * SLOTS
    const known = normal.cells[at]!
    const windows = known < NORMAL_LEARNED ? known + 1 : MEMORY_WINDOWS
    const delta = value - normal.cells[at + 1]!
    const mean = normal.cells[at + 1]! + delta / windows
    const square = normal.cells[at + 2]! + (delta * (value - mean) - normal.cells[at + 2]!) / windows
    if (!Number.isFinite(square)) continue
    normal.cells[at] = windows
    normal.cells[at + 1] = mean
    normal.cells[at + 2] = square
  }
}

function deviation(normal: Normal, channel: number, statistics: Float64Array): Deviation | null {
  let most: Deviation | null = null
  const channelAt = channel * CHANNEL_SLOTS
  const floor = LEAST_SPREAD_SHARE * Math.abs(normal.cells[channelAt + LEVEL * SLOTS + 1]!) + LEAST_SPREAD
  for (const statistic of JUDGED) {
    const value = statistics[channel * STATISTICS.length + statistic]!
    if (Number.isNaN(value)) continue
    const at = channelAt + statistic * SLOTS
    const learned = normal.cells[at]! >= NORMAL_LEARNED
    const mean = normal.cells[at + 1]!
    const spread = Math.max(Math.sqrt(normal.cells[at + 2]!), floor)
    const spreads = learned ? Math.min(Math.abs(value - mean) / spread, MOST_SPREADS) : 0
    if (!most || spreads > most.spreads) {
      most = { statistic, value, normal: learned ? mean : Number.NaN, spreads }
    }
  }
  return most
}

/**
 * What an asset normally shows of a channel in one statistic.
 * @param channel index in the layout; -1 = it has no such channel
 * @returns null while it is not learned, and for what is no statistic
 */
export function normalValue(normal: Normal, channel: number, statistic: string): number | null {
  const found = STATISTICS.findIndex((name) => name === statistic)
  const at = channel * CHANNEL_SLOTS + found * SLOTS
  if (channel < 0 || found < 0 || !(normal.cells[at]! >= NORMAL_LEARNED)) return null
  return normal.cells[at + 1]!
}

/** Statistics whose normal was kept by version 1 of the state, in this order. */
const KEPT_BEFORE = JUDGED

/**
 * The normal as a state has it.
 * @param channels of the layout
 * @returns a fresh one when the numbers are not those of so many channels
 */
export function normalFrom(stored: Float64Array, channels: number): Normal {
  if (stored.length === channels * CHANNEL_SLOTS) return { cells: stored }
  const normal = makeNormal(channels)
  if (stored.length !== channels * KEPT_BEFORE.length * SLOTS) return normal
  for (let channel = 0; channel < channels; channel++) {
    KEPT_BEFORE.forEach((statistic, k) => {
      const from = (channel * KEPT_BEFORE.length + k) * SLOTS
      normal.cells.set(stored.subarray(from, from + SLOTS), channel * CHANNEL_SLOTS + statistic * SLOTS)
    })
  }
  return normal
}

/** Most reasons that an alert lists. */
const REASONS = 5

/**
 * Which channels moved, the leading one first. A channel's share is its squared deviation over the sum of
 * all; while the normal is being learned shares are 0 and `normal` is null.
 */
export function reasonsFor(normal: Normal, channels: readonly string[], statistics: Float64Array): Reason[] {
  const found = channels.flatMap((channel, i) => {
    const moved = deviation(normal, i, statistics)
    return moved ? [{ channel, moved }] : []
  })
  const sum = found.reduce((total, { moved }) => total + moved.spreads * moved.spreads, 0)
  found.sort((a, b) => b.moved.spreads - a.moved.spreads)
  return found.slice(0, REASONS).map(({ channel, moved }) => ({
    channel,
    feature: STATISTICS[moved.statistic]!,
    value: rounded(moved.value, 6),
    normal: Number.isNaN(moved.normal) ? null : rounded(moved.normal, 6),
    share: sum > 0 ? rounded((moved.spreads * moved.spreads) / sum, 4) : 0,
  }))
}

/** Significant digits enough for people; fewer bytes in every alert. */
function rounded(value: number, digits: number): number {
  return Number(value.toPrecision(digits))
}
