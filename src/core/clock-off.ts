/**
 * How far the clock of an asset is from the time at which the log took its readings: written into headers by the engine, read
 * by who tells people. It enters no value: a log that is copied takes its records at other times (law 3).
 */
import { EMPTY_HEADERS, type Headers } from './ports.ts'

/** Event time less the time at which the log took the reading, in ms: above 0 the asset is ahead. */
const CLOCK_OFF = 'clock-off-ms'
/** Of dead letters with the reason `late`: the newest event time that the asset had. */
const NEWEST = 'newest-ts'

/** Networks and batches delay readings; what is off by less is no news of a clock. */
export const CLOCK_OFF_FROM_MS = 60_000

/** For a score: of the reading that closed its window, where that is far off. */
export function scoreClock(ts: number, takenAtMs: number): Headers {
  const offMs = ts - takenAtMs
  return Math.abs(offMs) < CLOCK_OFF_FROM_MS ? EMPTY_HEADERS : { [CLOCK_OFF]: String(offMs) }
}

/**
 * For a dead letter.
 * @param newest highest event time of the asset; left out where it says nothing
 */
export function letterClock(ts: number, takenAtMs: number, newest?: number): Headers {
  const off = { [CLOCK_OFF]: String(ts - takenAtMs) }
  return newest === undefined ? off : { ...off, [NEWEST]: String(newest) }
}

/** @returns ms, or null where nothing is said */
export function readClockOff(headers: Headers): number | null {
  return whole(headers[CLOCK_OFF])
}

/** @returns epoch ms, or null where nothing is said */
export function readNewest(headers: Headers): number | null {
  return whole(headers[NEWEST])
}

function whole(text: string | undefined): number | null {
  return text !== undefined && /^-?[0-9]{1,16}$/.test(text) ? Number(text) : null
}
