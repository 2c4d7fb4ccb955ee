/** Numbers and times of a report as people read them. */

export interface Unit {
  readonly name: string
  readonly ms: number
}

const UNITS: readonly Unit[] = [
  { name: 'days', ms: 86_400_000 },
  { name: 'hours', ms: 3_600_000 },
  { name: 'minutes', ms: 60_000 },
  { name: 'seconds', ms: 1000 },
]

/** The greatest unit of which there are two at least. */
export function unitFor(ms: number): Unit {
  return UNITS.find((unit) => ms >= 2 * unit.ms) ?? UNITS[UNITS.length - 1]!
}

export function durationText(ms: number): string {
  const unit = unitFor(ms)
  const value = ms / unit.ms
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${unit.name}`
}

/** HTML: as many digits as the figure deserves; a dash for what can't be told. */
export function figureText(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined) return '–'
  return value !== 0 && Math.abs(value) < 10 ** -digits
    ? `&lt;${(10 ** -digits).toFixed(digits)}`
    : value.toFixed(digits)
}

export function shareText(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : `${Number((value * 100).toFixed(1))} %`
}

/** UTC, to the minute. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
}
