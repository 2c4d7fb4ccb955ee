/**
 * Ids of live events: the next offset of each partition of both live topics, so that an id means the same
 * after a restart and the log itself is what a returning subscriber is served from.
 * Text: alerts' offsets, a dash, scores' offsets; joined by dots, in base 36.
 */
import type { Positions } from './board.ts'

/** Longest id that is looked at: two offsets of eleven digits for a thousand partitions. */
const ID_LENGTH = 24_000

const SHAPE = /^([0-9a-z.]+)-([0-9a-z.]+)$/

export function encodeEventId(positions: Positions): string {
  return `${encodeOffsets(positions.alerts)}-${encodeOffsets(positions.scores)}`
}

/** @returns the positions, or null when the text is no id of a log with so many partitions */
export function decodeEventId(id: string, partitions: number): Positions | null {
  const [, alerts, scores] = id.length > ID_LENGTH ? [] : (SHAPE.exec(id) ?? [])
  if (alerts === undefined || scores === undefined) return null
  const positions = { alerts: decodeOffsets(alerts), scores: decodeOffsets(scores) }
  const all = [...positions.alerts, ...positions.scores]
  if (positions.alerts.length !== partitions || positions.scores.length !== partitions) return null
  return all.every((offset) => Number.isSafeInteger(offset) && offset >= 0) ? positions : null
}

function encodeOffsets(offsets: readonly number[]): string {
  return offsets.map((offset) => offset.toString(36)).join('.')
}

function decodeOffsets(text: string): number[] {
  return text.split('.').map((offset) => (offset === '' ? Number.NaN : Number.parseInt(offset, 36)))
}
