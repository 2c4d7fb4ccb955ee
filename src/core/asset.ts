/**
 * The state machine of one asset in one pipeline: its own watermark, its open windows, the readings that
 * could come twice. `advance` takes a reading in log order, `closeIdle` a silence; both hand closed windows
 * on in the order in which they closed. `settle.ts` turns those into scores and alerts.
 */
import { type AlertSlots, makeAlertSlots } from './alert.ts'
import { channelIndex, growLayout, type Layout } from './layout.ts'
import { addValue, MOMENT_SLOTS, STATISTICS, writeStatistics } from './moments.ts'
import { makeNormal, type Normal, widenNormal } from './normal.ts'
import { isRemembered, makeRecent, type Recent, remember } from './recent.ts'
import type { ClosedBy } from './records.ts'
import { type Shape, valuesHash } from './shape.ts'
import { firstWindowStart, type WindowRule } from './window.ts'

/** A window that still takes readings: [start, start + size). */
export interface OpenWindow {
  readonly start: number
  count: number
  /** Moments of all channels of the asset's layout, `MOMENT_SLOTS` each. */
  moments: Float64Array
}

export interface AssetState {
  readonly asset: string
  /** Index of its pipeline in the partition's list. */
  readonly pipeline: number
  layout: Layout
  /** Highest event time heard; -Infinity before the first. */
  maxTs: number
  /** Every window that ends at or before this is closed. It never goes back (law 4). */
  watermark: number
  /** The partition's summed `elapsed` when it last heard of this asset. */
  heardAtMs: number
  /** By start, ascending. */
  windows: OpenWindow[]
  readonly recent: Recent
  readonly normal: Normal
  readonly alerts: AlertSlots
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

/** What became of a reading (label `result` of `readings_total`). */
export type ReadingResult = 'windowed' | 'late' | 'duplicate' | 'future'

/** A decoded reading; the object and `values` are reused by the decoder. */
export interface ReadingFields {
  asset: string
  ts: number
  /** `ts` is the arrival time, so a redelivery can't be told. */
  arrival: boolean
  shape: Shape
  /** One per channel of the shape; NaN = not measured. */
  values: Float64Array
}

/** What `advance` needs to know of its pipeline. */
export interface AssetRules {
  readonly window: WindowRule
  readonly dedupePerAsset: number
  readonly openWindowsPerAsset: number
}

export function makeAssetState(asset: string, pipeline: number, layout: Layout, rules: number): AssetState {
  return {
    asset,
    pipeline,
    layout,
    maxTs: Number.NEGATIVE_INFINITY,
    watermark: Number.NEGATIVE_INFINITY,
    heardAtMs: 0,
    windows: [],
    recent: makeRecent(),
    normal: makeNormal(layout.channels.length),
    alerts: makeAlertSlots(rules),
  }
}

/**
 * Takes a reading: puts it into its windows, moves the watermark, closes what it passes.
 * @param elapsedMs the partition's summed `elapsed` so far
 * @param closed closed windows are appended here
 * @returns what became of it; `late` when every window that it belongs to is closed
 */
export function advance(
  state: AssetState,
  reading: ReadingFields,
  rules: AssetRules,
  elapsedMs: number,
  closed: ClosedWindow[],
): Exclude<ReadingResult, 'future'> {
  const { ts } = reading
  const { sizeMs, hopMs, latenessMs } = rules.window
  state.heardAtMs = elapsedMs
  const lastStart = Math.floor(ts / hopMs) * hopMs
  if (lastStart + sizeMs <= state.watermark) return 'late'
  if (!reading.arrival) {
    const hash = valuesHash(reading.shape, reading.values)
    if (ts <= state.maxTs && isRemembered(state.recent, ts, hash)) return 'duplicate'
    remember(state.recent, ts, hash, state.watermark - sizeMs, rules.dedupePerAsset)
  }
  if (state.layout.grows) widen(state, reading.shape)
  for (let start = firstWindowStart(ts, rules.window); start <= lastStart; start += hopMs) {
    if (start + sizeMs > state.watermark) addReading(openWindow(state, start), state.layout, reading)
  }
  if (ts > state.maxTs) {
    state.maxTs = ts
    moveWatermark(state, ts - latenessMs, rules.window, 'watermark', closed)
  }
  while (state.windows.length > rules.openWindowsPerAsset) {
    closeFirst(state, rules.window, 'watermark', closed)
  }
  return 'windowed'
}

/**
 * Closes all windows of an asset that has been silent too long. The watermark moves only to the end of the
 * last open window, so an asset that comes back late loses no more than it must (design 4.9).
 */
export function closeIdle(
  state: AssetState,
  window: WindowRule,
  reason: ClosedBy,
  closed: ClosedWindow[],
): void {
  const last = state.windows[state.windows.length - 1]
  if (last) moveWatermark(state, last.start + window.sizeMs, window, reason, closed)
}

function moveWatermark(
  state: AssetState,
  to: number,
  window: WindowRule,
  reason: ClosedBy,
  closed: ClosedWindow[],
): void {
  if (to <= state.watermark) return
  state.watermark = to
  while (state.windows.length > 0 && state.windows[0]!.start + window.sizeMs <= to) {
    closed.push(closeWindow(state, state.windows.shift()!, window, reason))
  }
}

/** The named limit on open windows: the oldest closes early, and what comes for it is late. */
function closeFirst(state: AssetState, window: WindowRule, reason: ClosedBy, closed: ClosedWindow[]): void {
  moveWatermark(state, state.windows[0]!.start + window.sizeMs, window, reason, closed)
}

function closeWindow(
  state: AssetState,
  open: OpenWindow,
  window: WindowRule,
  closed: ClosedBy,
): ClosedWindow {
  const { channels } = state.layout
  const statistics = new Float64Array(channels.length * STATISTICS.length)
  for (let i = 0; i < channels.length; i++) {
    writeStatistics(open.moments, i * MOMENT_SLOTS, statistics, i * STATISTICS.length)
  }
  return {
    state,
    channels,
    start: open.start,
    end: open.start + window.sizeMs,
    count: open.count,
    closed,
    statistics,
  }
}

function openWindow(state: AssetState, start: number): OpenWindow {
  const { windows } = state
  let at = windows.length
  while (at > 0 && windows[at - 1]!.start > start) at--
  const before = windows[at - 1]
  if (before && before.start === start) return before
  const made = { start, count: 0, moments: new Float64Array(state.layout.channels.length * MOMENT_SLOTS) }
  windows.splice(at, 0, made)
  return made
}

function addReading(window: OpenWindow, layout: Layout, reading: ReadingFields): void {
  const { shape, values } = reading
  const index = channelIndex(layout, shape)
  const seconds = (reading.ts - window.start) / 1000
  window.count++
  for (let i = 0; i < index.length; i++) {
    const channel = index[i]!
    if (channel < 0) continue
    const value = values[i]!
    // Comparisons with NaN are false: a missing value falls out here as an implausible one does.
    if (value >= layout.min[channel]! && value <= layout.max[channel]!) {
      addValue(window.moments, channel * MOMENT_SLOTS, value, seconds)
    }
  }
}

function widen(state: AssetState, shape: Shape): void {
  if (channelIndex(state.layout, shape).every((channel) => channel >= 0)) return
  state.layout = growLayout(state.layout, shape)
  const { length } = state.layout.channels
  for (const window of state.windows) {
    const moments = new Float64Array(length * MOMENT_SLOTS)
    moments.set(window.moments)
    window.moments = moments
  }
  widenNormal(state.normal, length)
}
