/** Event times as readings carry them: epoch milliseconds, or RFC 3339 text with a zone. */

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/

/** 0000-01-01T00:00:00Z: the calendar of RFC 3339 begins. */
export const EARLIEST_MS = -62_167_219_200_000
/**
 * 9999-01-01T00:00:00Z. RFC 3339 ends a year later: the window that holds this time ends within its calendar
 * too, so that every alert has a time. It also keeps window arithmetic exact.
 */
export const LATEST_MS = 253_370_764_800_000

/** True for whole epoch ms within the calendar. */
export function isTime(ms: number): boolean {
  return Number.isInteger(ms) && ms >= EARLIEST_MS && ms <= LATEST_MS
}

/** @returns epoch ms, or null when it is no time */
export function parseTime(value: unknown): number | null {
  if (typeof value === 'number') return isTime(value) ? value : null
  if (typeof value !== 'string' || !RFC_3339.test(value)) return null
  // Date.parse rolls 30 February over into March.
  const day = value.slice(0, 10)
  const midnight = new Date(`${day}T00:00:00Z`)
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== day) return null
  const ms = Date.parse(value.toUpperCase().replace(' ', 'T'))
  return isTime(ms) ? ms : null
}
