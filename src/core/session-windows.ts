/**
 * Windows between pauses of an asset. Which readings belong together depends on their times alone, not on the order
 * in which they come: a reading between two open sessions makes them one.
 */
import type { AssetState, ReadingFields } from './asset.ts'
import { addReading, joinWindow, makeOpenWindow, type OpenWindow } from './open-window.ts'
import type { SessionShape } from './window.ts'

/**
 * A reading older than the lateness may still fall into an open session; it never begins or lengthens one to the
 * past, where a closed one may lie.
 */
export function isLateForSessions({ windows, watermark }: AssetState, ts: number): boolean {
  return ts < watermark && !windows.some(({ start, end }) => ts >= start && ts < end)
}

/** Takes a reading that is neither late nor a duplicate. */
export function takeIntoSession(state: AssetState, reading: ReadingFields, shape: SessionShape): void {
  addReading(sessionOf(state, reading.ts, shape), state.layout, reading)
}

/** The session that a reading belongs to, made or joined by it. */
function sessionOf({ windows, layout }: AssetState, ts: number, { gapMs, maxMs }: SessionShape): OpenWindow {
  const end = Math.min(ts + gapMs, (Math.floor(ts / maxMs) + 1) * maxMs)
  const cell = Math.floor(ts / maxMs)
  let from = windows.length
  while (from > 0 && windows[from - 1]!.end > ts) from--
  let to = from
  while (to < windows.length && windows[to]!.start < ts + gapMs) {
    if (Math.floor(windows[to]!.start / maxMs) !== cell) break
    to++
  }
  if (to === from) {
    const made = makeOpenWindow(ts, end, layout)
    windows.splice(from, 0, made)
    return made
  }
  const session = windows[from]!
  for (const other of windows.splice(from + 1, to - from - 1)) joinWindow(session, other)
  session.start = Math.min(session.start, ts)
  session.end = Math.max(session.end, end)
  return session
}
