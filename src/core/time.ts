/** Event times as readings carry them: epoch milliseconds, or RFC 3339 text with a zone. */

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/

/** Farthest time that a Date can hold; also keeps window arithmetic exact. */
const FARTHEST_MS = 8.64e15

/** @returns epoch ms, or null when it is no time */
export function parseTime(value: unknown): number | null {
  if (typeof value === 'number')
    return Number.isInteger(value) && Math.abs(value) <= FARTHEST_MS ? value : null
  if (typeof value !== 'string' || !RFC_3339.test(value)) return null
  // Date.parse rolls 30 February over into March.
  const day = value.slice(0, 10)
  const midnight = new Date(`${day}T00:00:00Z`)
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== day) return null
  const ms = Date.parse(value.toUpperCase().replace(' ', 'T'))
  return Number.isNaN(ms) ? null : ms
}
