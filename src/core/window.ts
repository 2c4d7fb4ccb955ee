/** Event-time windows [start, start + size), start a multiple of the hop since the epoch (design 4.4). */

export interface WindowRule {
  readonly sizeMs: number
  readonly hopMs: number
  readonly latenessMs: number
  readonly idleMs: number
}

/**
 * Start of the earliest window that holds `ts`; the latest starts at the multiple of the hop at or below it.
 * Sizes that the hop does not divide are fine: starts are then further apart than ends suggest.
 */
export function firstWindowStart(ts: number, { sizeMs, hopMs }: WindowRule): number {
  return Math.floor((ts - sizeMs) / hopMs) * hopMs + hopMs
}
