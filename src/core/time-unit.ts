/**
 * Times in another unit than milliseconds: the commonest mistake of who sends readings for the first time. Taken as
 * milliseconds, seconds of today are in January 1970: such a reading would open a window there and be late ever after.
 */

/** So far from the time at which it came in, a reading is believed to be of another time, not in another unit. */
const NEAR_MS = 5 * 366 * 24 * 3_600_000
/** Times that are looked for where nobody knows when the reading came in: 2000-01-01 to 2100-01-01. */
const FIRST_MS = 946_684_800_000
const LAST_MS = 4_102_444_800_000

/** What a unit is multiplied by to be milliseconds. */
const UNITS = [
  ['seconds', 1000],
  ['microseconds', 0.001],
  ['nanoseconds', 0.000_001],
] as const

/** True for a time in ms that is far off, and would be near `nearMs` if it were in seconds. Asked for each reading. */
export function isInSeconds(ts: number, nearMs: number): boolean {
  return Math.abs(ts * 1000 - nearMs) <= NEAR_MS && Math.abs(ts - nearMs) > NEAR_MS
}

const HINT = /looks like epoch (seconds|microseconds|nanoseconds):/

/**
 * The unit that a hint of `unitHint` names.
 * @returns null where the text has none
 */
export function hintedUnit(text: string): string | null {
  return HINT.exec(text)?.[1] ?? null
}

/**
 * @param value as it was sent, of any type
 * @param nearMs when it came in, epoch ms; null = not known
 * @returns such as `looks like epoch seconds: 1772323200 would be 2026-03-01T00:00:00.000Z`; null when it doesn't
 */
export function unitHint(value: unknown, nearMs: number | null): string | null {
  const number = typeof value === 'string' && /^[0-9]+(\.[0-9]+)?$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number)) return null
  const isNear = (ms: number) =>
    nearMs === null ? ms >= FIRST_MS && ms <= LAST_MS : Math.abs(ms - nearMs) <= NEAR_MS
  if (isNear(number)) return null
  for (const [unit, factor] of UNITS) {
    const ms = Math.round(number * factor)
    if (isNear(ms)) return `looks like epoch ${unit}: ${value} would be ${new Date(ms).toISOString()}`
  }
  return null
}
