/**
 * A recording through a lane: the batch path of `score`. Readings become records as ingest would make them; the
 * clock is a tick at each whole second of event time, and what is open at the end closes with `end`.
 */

import { EMPTY_HEADERS, type NewRecord } from '../core/ports.ts'
import type { PlainReading } from '../core/windowed.ts'
import type { Lane } from './lane.ts'

/** Readings between two calls of the net. */
const BATCH_READINGS = 5000
const TICK_MS = 1000

const encoder = new TextEncoder()

/**
 * @param readings in time order over assets (`inTimeOrder`)
 * @yields what each batch causes, in order
 */
export async function* scoreRecording(
  lane: Lane,
  readings: Iterable<PlainReading> | AsyncIterable<PlainReading>,
): AsyncGenerator<readonly NewRecord[]> {
  let offset = 0
  let clockMs: number | null = null
  for await (const reading of readings) {
    clockMs = tickUpTo(lane, clockMs, reading.ts, offset)
    const value = encoder.encode(JSON.stringify(reading))
    lane.take({ offset, timestamp: reading.ts, key: reading.asset, value, headers: EMPTY_HEADERS })
    offset++
    if (offset % BATCH_READINGS === 0) yield lane.flush().emit
  }
  lane.end(offset)
  yield lane.flush().emit
}

/**
 * Ticks at the whole seconds after `clockMs` up to `ts`. A stretch in which no window is open and no silence is waited for
 * is one tick: there is nothing that a second more or less could change.
 * @returns the new clock
 */
function tickUpTo(lane: Lane, clockMs: number | null, ts: number, offset: number): number {
  const to = Math.floor(ts / TICK_MS) * TICK_MS
  if (clockMs === null) {
    lane.tick({ ts: to, elapsed: 0 }, offset)
    return to
  }
  let at = clockMs
  while (at < to) {
    const step = lane.awaitsTicks() ? TICK_MS : to - at
    at += step
    lane.tick({ ts: at, elapsed: step }, offset)
  }
  return at
}
