/**
 * Windows of so many readings of an asset, in log order. Readings that follow each other without a pause longer
 * than idle are a run. What a run leaves over behind its last full window is no window: only a run that never filled
 * one gives the part that there is.
 */
import type { AssetState, ReadingFields } from './asset.ts'
import { addReading, type ClosedWindow, closeWindow, makeOpenWindow } from './open-window.ts'
import type { ClosedBy } from './records.ts'
import type { CountRule } from './window.ts'

/** Where an asset's run stands; of the other kinds of windows it stays as it was made. */
export interface CountRun {
  /** Readings to come before the next window begins. */
  untilNext: number
  /** A window of this run was full. */
  full: boolean
  /** Readings that ended behind the last full window of their run, and so in no score. */
  leftOver: number
}

export function makeCountRun(): CountRun {
  return { untilNext: 0, full: false, leftOver: 0 }
}

/** Takes a reading that is neither late nor a duplicate. */
export function takeCounted(
  state: AssetState,
  reading: ReadingFields,
  rule: CountRule,
  closed: ClosedWindow[],
): void {
  const { run, windows, layout, maxTs } = state
  const { ts } = reading
  if (ts - maxTs > rule.idleMs) endRun(state, rule, 'idle', closed)
  if (run.untilNext === 0) {
    windows.push(makeOpenWindow(ts, ts, layout))
    run.untilNext = rule.hop
  }
  run.untilNext--
  for (const window of windows) {
    addReading(window, layout, reading)
    if (ts < window.start) window.start = ts
    if (ts > window.end) window.end = ts
  }
  if (ts > maxTs) {
    state.maxTs = ts
    state.watermark = Math.max(state.watermark, ts - rule.latenessMs)
  }
  if (windows[0]?.count !== rule.count) return
  closed.push(closeWindow(state, windows.shift()!, 'watermark'))
  run.full = true
}

/** A pause, or the end: what comes next is a new run. */
export function endRun(state: AssetState, rule: CountRule, reason: ClosedBy, closed: ClosedWindow[]): void {
  const { run, windows } = state
  const [first] = windows
  if (first && !run.full) closed.push(closeWindow(state, first, reason))
  if (first && run.full) run.leftOver += Math.max(0, first.count - (rule.count - rule.hop))
  windows.length = 0
  run.untilNext = 0
  run.full = false
}
