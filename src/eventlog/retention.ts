/**
 * What may be removed, oldest first: batches past their age, and, while the log is above its size, any batch
 * that every group has passed. Nothing that a group has yet to read, or would read again to restore its
 * state, is ever removed, neither by age nor by size. Pure; the adapters do the removing.
 */
import type { Groups } from './groups.ts'

/** Most batches removed in one round, so that a round never holds up the event loop. */
export const ROUND_BATCHES = 256
/** How long a tombstone stays, so that whoever follows a compacted topic sees the end of a key. */
export const TOMBSTONE_MS = 24 * 3600 * 1000

export interface RetentionPolicy {
  readonly retentionMs: number
  readonly maxBytes: number
}

/** The oldest batch of a partition of a `delete` topic. */
export interface Head {
  readonly topic: string
  readonly partition: number
  /** Offset behind its last record. */
  readonly end: number
  /** Epoch ms at which it was appended. */
  readonly timestamp: number
  /** Room that its removal gives. */
  readonly bytes: number
}

/** Walks the oldest batches of one partition. */
export interface HeadCursor {
  /** The oldest batch that was not yet removed; `null` when there is none. */
  peek(): Head | null
  /** Removes it. */
  remove(): void
}

/** What one round did. */
export interface Retained {
  readonly batches: number
  readonly bytes: number
  /** There is more to remove now. */
  readonly more: boolean
}

/**
 * One bounded round of removal.
 * @param cursors one per partition of every `delete` topic
 * @param groups who has yet to read what
 * @param sizeBytes size of the log now
 * @param nowMs epoch ms
 */
export function removeOldest(
  cursors: readonly HeadCursor[],
  groups: Pick<Groups, 'slowest'>,
  sizeBytes: number,
  policy: RetentionPolicy,
  nowMs: number,
): Retained {
  let batches = 0
  let bytes = 0
  for (;;) {
    let oldest: HeadCursor | null = null
    let head: Head | null = null
    for (const cursor of cursors) {
      const candidate = cursor.peek()
      if (candidate === null || isNeeded(candidate, groups, nowMs)) continue
      if (head !== null && candidate.timestamp >= head.timestamp) continue
      oldest = cursor
      head = candidate
    }
    if (oldest === null || head === null) break
    const expired = head.timestamp < nowMs - policy.retentionMs
    if (!expired && sizeBytes - bytes <= policy.maxBytes) break
    if (batches === ROUND_BATCHES) return { batches, bytes, more: true }
    oldest.remove()
    batches++
    bytes += head.bytes
  }
  return { batches, bytes, more: false }
}

function isNeeded({ topic, partition, end }: Head, groups: Pick<Groups, 'slowest'>, nowMs: number): boolean {
  const slowest = groups.slowest(topic, partition, nowMs)
  return slowest !== null && end > slowest.keepFrom
}
