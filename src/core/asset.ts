/**
 * The state machine of one asset in one pipeline: its own watermark, its open windows, the readings that
 * could come twice. `advance` takes a reading in log order, `closeIdle` a silence; both hand closed windows
 * on in the order in which they closed. `settle.ts` turns those into scores and alerts.
 */
import { type AlertSlots, makeAlertSlots } from './alert.ts'
import type { Baseline } from './baseline.ts'
import { type CountRun, endRun, makeCountRun, takeCounted } from './count-windows.ts'
import { channelIndex, growLayout, type Layout } from './layout.ts'
import { makeNormal, type Normal, widenNormal } from './normal.ts'
import {
  addReading,
  type ClosedWindow,
  closeWindow,
  makeOpenWindow,
  type OpenWindow,
  widenWindow,
} from './open-window.ts'
import { isRemembered, makeRecent, type Recent, remember } from './recent.ts'
import type { ClosedBy } from './records.ts'
import { isLateForSessions, takeIntoSession } from './session-windows.ts'
import { type Shape, valuesHash } from './shape.ts'
import { makeSisters, type Sisters } from './sisters.ts'
import { firstWindowStart, type TimeRule, type WindowRule } from './window.ts'

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
  /** By start, ascending; windows of a count in the order in which they began. */
  windows: OpenWindow[]
  readonly run: CountRun
  /** People have taken it out of service; what it sends next brings it back. */
  retired: boolean
  readonly recent: Recent
  readonly normal: Normal
  /** What it has learned of itself, where its pipeline has no model; null before its first window. */
  baseline: Baseline | null
  /** Shared by the assets of its pipeline. */
  readonly sisters: Sisters
  /** One for each rule; behind them that of `no-data`, where the pipeline has it. */
  readonly alerts: AlertSlots
  /** Silent for so long that `no-data` says so. */
  silent: boolean
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

export function makeAssetState(
  asset: string,
  pipeline: number,
  layout: Layout,
  rules: number,
  sisters = makeSisters(),
  normal = makeNormal(layout.channels.length),
): AssetState {
  return {
    asset,
    pipeline,
    layout,
    maxTs: Number.NEGATIVE_INFINITY,
    watermark: Number.NEGATIVE_INFINITY,
    heardAtMs: 0,
    windows: [],
    run: makeCountRun(),
    retired: false,
    recent: makeRecent(),
    normal,
    baseline: null,
    sisters,
    alerts: makeAlertSlots(rules),
    silent: false,
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
  const { window } = rules
  state.heardAtMs = elapsedMs
  if (isLate(state, ts, window)) return 'late'
  if (!reading.arrival) {
    const hash = valuesHash(reading.shape, reading.values)
    if (ts <= state.maxTs && isRemembered(state.recent, ts, hash)) return 'duplicate'
    remember(state.recent, ts, hash, oldestTaken(state, window), rules.dedupePerAsset)
  }
  if (state.retired) state.retired = false
  if (state.layout.grows) widen(state, reading.shape)
  // Windows of a time are nearly all there are: they are asked for first.
  if ('sizeMs' in window) takeTimed(state, reading, window)
  else if ('gapMs' in window) takeIntoSession(state, reading, window)
  else {
    takeCounted(state, reading, window, closed)
    return 'windowed'
  }
  if (ts > state.maxTs) {
    state.maxTs = ts
    moveWatermark(state, ts - window.latenessMs, 'watermark', closed)
  }
  // The named limit on open windows: the oldest closes early, and what comes for it is late.
  while (state.windows.length > rules.openWindowsPerAsset) {
    moveWatermark(state, state.windows[0]!.end, 'watermark', closed)
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
  if ('count' in window) {
    endRun(state, window, reason, closed)
    return
  }
  const last = state.windows[state.windows.length - 1]
  if (last) moveWatermark(state, last.end, reason, closed)
}

/** True when a silence has something to end. */
export function isUnderWay({ windows, run }: AssetState): boolean {
  return windows.length > 0 || run.full
}

function isLate(state: AssetState, ts: number, window: WindowRule): boolean {
  if ('sizeMs' in window) {
    return Math.floor(ts / window.hopMs) * window.hopMs + window.sizeMs <= state.watermark
  }
  return 'count' in window ? ts < state.watermark : isLateForSessions(state, ts)
}

/** What is older can only be late, so its duplicates need not be told. */
function oldestTaken(state: AssetState, window: WindowRule): number {
  if ('sizeMs' in window) return state.watermark - window.sizeMs
  if ('count' in window) return state.watermark
  return Math.min(state.watermark, state.windows[0]?.start ?? state.watermark)
}

function takeTimed(state: AssetState, reading: ReadingFields, rule: TimeRule): void {
  const { ts } = reading
  for (let start = firstWindowStart(ts, rule); start <= ts; start += rule.hopMs) {
    const end = start + rule.sizeMs
    if (end > state.watermark) addReading(timedWindow(state, start, end), state.layout, reading)
  }
}

function timedWindow({ windows, layout }: AssetState, start: number, end: number): OpenWindow {
  let at = windows.length
  while (at > 0 && windows[at - 1]!.start > start) at--
  const before = windows[at - 1]
  if (before && before.start === start) return before
  const made = makeOpenWindow(start, end, layout)
  windows.splice(at, 0, made)
  return made
}

function moveWatermark(state: AssetState, to: number, reason: ClosedBy, closed: ClosedWindow[]): void {
  if (to <= state.watermark) return
  state.watermark = to
  while (state.windows.length > 0 && state.windows[0]!.end <= to) {
    closed.push(closeWindow(state, state.windows.shift()!, reason))
  }
}

function widen(state: AssetState, shape: Shape): void {
  if (channelIndex(state.layout, shape).every((channel) => channel >= 0)) return
  state.layout = growLayout(state.layout, shape)
  const { length } = state.layout.channels
  for (const window of state.windows) widenWindow(window, length)
  widenNormal(state.normal, length)
}
