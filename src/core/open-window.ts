/** A window that still takes readings, whatever its kind: readings in, statistics out when it closes. */
import type { AssetState, ReadingFields } from './asset.ts'
import { channelIndex, type Layout } from './layout.ts'
import { addValues, MOMENT_SLOTS, mergeMoments, STATISTICS, writeStatistics } from './moments.ts'
import type { ClosedBy } from './records.ts'

export interface OpenWindow {
  /** Epoch ms: by the clock for windows of a time, of the first reading for the others. */
  start: number
  /** By the clock; of a count the time of the last reading; of a session so far that and the gap. */
  end: number
  /** What the times of its readings are reckoned from. */
  readonly origin: number
  count: number
  /** Moments of all channels of the asset's layout, `MOMENT_SLOTS` each. */
  moments: Float64Array
}

/** A window with its statistics, on its way to the net. */
export interface ClosedWindow {
  readonly state: AssetState
  readonly channels: readonly string[]
  readonly start: number
  readonly end: number
  readonly count: number
  readonly closed: ClosedBy
  /** `STATISTICS` of each channel, NaN where it has no value. */
  readonly statistics: Float64Array
}

export function makeOpenWindow(start: number, end: number, layout: Layout): OpenWindow {
  const moments = new Float64Array(layout.channels.length * MOMENT_SLOTS)
  return { start, end, origin: start, count: 0, moments }
}

export function addReading(window: OpenWindow, layout: Layout, reading: ReadingFields): void {
  const channels = channelIndex(layout, reading.shape)
  window.count++
  addValues(window.moments, reading.values, channels, layout, (reading.ts - window.origin) / 1000)
}

/** Takes over what another window of the same layout has: a reading between two sessions makes them one. */
export function joinWindow(window: OpenWindow, other: OpenWindow): void {
  const laterSeconds = (other.origin - window.origin) / 1000
  for (let at = 0; at < window.moments.length; at += MOMENT_SLOTS) {
    mergeMoments(window.moments, other.moments, at, laterSeconds)
  }
  window.count += other.count
  window.start = Math.min(window.start, other.start)
  window.end = Math.max(window.end, other.end)
}

/** Makes room for the channels of a wider layout. */
export function widenWindow(window: OpenWindow, channels: number): void {
  const moments = new Float64Array(channels * MOMENT_SLOTS)
  moments.set(window.moments)
  window.moments = moments
}

export function closeWindow(state: AssetState, open: OpenWindow, closed: ClosedBy): ClosedWindow {
  const { channels } = state.layout
  const statistics = new Float64Array(channels.length * STATISTICS.length)
  for (let i = 0; i < channels.length; i++) {
    writeStatistics(open.moments, i * MOMENT_SLOTS, statistics, i * STATISTICS.length)
  }
  const { start, end, count } = open
  return { state, channels, start, end, count, closed, statistics }
}
