/**
 * The kinds of windows (design 4.4): of a time, of a count of readings, of a session. A rule says which, and how
 * patient it is; a model's manifest records the shape alone.
 */

/** Event-time windows [start, start + size), start a multiple of the hop since the epoch. Neither need divide the other. */
export interface TimeShape {
  readonly sizeMs: number
  readonly hopMs: number
}

/** Windows of so many readings in log order; the next one begins `hop` readings later, at most `count`. */
export interface CountShape {
  readonly count: number
  readonly hop: number
}

/**
 * Windows between pauses: [first reading, last reading + gap). None goes beyond a multiple of `max` since the epoch,
 * so that a machine that never pauses is scored all the same, whatever the order of its readings.
 */
export interface SessionShape {
  readonly gapMs: number
  readonly maxMs: number
}

export type WindowShape = TimeShape | CountShape | SessionShape

export interface Patience {
  /** How far behind the asset's latest reading one may still come. */
  readonly latenessMs: number
  /** Silence after which open windows close. */
  readonly idleMs: number
}

export type TimeRule = TimeShape & Patience
export type CountRule = CountShape & Patience
export type SessionRule = SessionShape & Patience
export type WindowRule = TimeRule | CountRule | SessionRule

/** Start and end of a window, epoch ms. */
export interface Span {
  readonly start: number
  readonly end: number
}

/**
 * Start of the earliest window that holds `ts`; the latest starts at the multiple of the hop at or below it.
 * Sizes that the hop does not divide are fine: starts are then further apart than ends suggest.
 */
export function firstWindowStart(ts: number, { sizeMs, hopMs }: TimeShape): number {
  return Math.floor((ts - sizeMs) / hopMs) * hopMs + hopMs
}

/**
 * The windows that hold a time, earliest first. Of counts and sessions nobody knows after they have closed which held
 * what: the list is empty.
 */
export function windowsAt(ts: number, shape: WindowShape): Span[] {
  const spans: Span[] = []
  if (!('sizeMs' in shape)) return spans
  for (let start = firstWindowStart(ts, shape); start <= ts; start += shape.hopMs) {
    spans.push({ start, end: start + shape.sizeMs })
  }
  return spans
}

/** Most windows of an asset that are open at once when nothing goes wrong; null: as many as there are pauses. */
export function openAtOnce(rule: WindowRule): number | null {
  if ('count' in rule) return Math.ceil(rule.count / rule.hop)
  return 'gapMs' in rule ? null : Math.ceil((rule.sizeMs + rule.latenessMs) / rule.hopMs)
}

/** The shape alone, with its fields in a fixed order: what a manifest records and a definition is hashed from. */
export function shapeOf(rule: WindowShape): WindowShape {
  if ('count' in rule) return { count: rule.count, hop: rule.hop }
  if ('gapMs' in rule) return { gapMs: rule.gapMs, maxMs: rule.maxMs }
  return { sizeMs: rule.sizeMs, hopMs: rule.hopMs }
}

export function sameShape(a: WindowShape, b: WindowShape): boolean {
  return JSON.stringify(shapeOf(a)) === JSON.stringify(shapeOf(b))
}

/** In words, as messages and cards say it. */
export function shapeText(shape: WindowShape): string {
  if ('count' in shape) return `windows of ${shape.count} readings every ${shape.hop} readings`
  if ('gapMs' in shape) return `sessions with a gap of ${shape.gapMs} ms, cut every ${shape.maxMs} ms`
  return `windows of ${shape.sizeMs} ms every ${shape.hopMs} ms`
}
