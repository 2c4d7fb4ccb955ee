/**
 * What a follower needs of the log that it follows. Memory and LMDB implement it; the drive loop is shared.
 * Answers may be promises, so that a log across a network fits as well.
 */
import type { Bounds, LogRecord, NewRecord, Records } from '../core/ports.ts'

/** A piece of a partition. */
export interface Chunk {
  readonly records: Records
  /** Where to read on: behind the last record, or `to` when there was none. */
  readonly nextOffset: number
}

/** How much a chunk may hold; one record always fits. */
export interface ChunkLimits {
  readonly records: number
  readonly bytes: number
}

/** Everything that a processed batch changes. The log does all of it or nothing. */
export interface Commit {
  readonly group: string
  readonly topic: string
  readonly partition: number
  /** Position that the group must have now, else somebody else moved it and this commit fails: `conflict`. */
  readonly expected: number | null
  readonly nextOffset: number
  readonly keepFrom: number
  readonly emit: readonly NewRecord[]
  /** Goes to the same partition of the state topic. */
  readonly state: readonly NewRecord[]
}

export interface FollowedLog {
  readonly partitions: number
  /** Bounds of one partition. */
  boundsOf(topic: string, partition: number): Bounds | Promise<Bounds>
  /** Committed read position of a group, `null` when there is none. */
  committed(group: string, topic: string, partition: number): number | null | Promise<number | null>
  /** Records with offset in [from, to), from the front, as many as the limits allow. */
  take(
    topic: string,
    partition: number,
    from: number,
    to: number,
    limits: ChunkLimits,
  ): Chunk | Promise<Chunk>
  /** The state topic of a partition: latest record per key, in offset order, without tombstones. */
  states(partition: number): AsyncIterable<readonly LogRecord[]>
  /** Resolves when durable. `log-unavailable` means that nothing was written and trying again is safe. */
  commit(commit: Commit): Promise<void>
  /** Calls back after a partition of the topic has grown; returns the end of it. */
  subscribe(topic: string, grown: (partition: number) => void): () => void
  /** Asks to own a partition of a group in this process; see `leases.ts`. */
  lease(group: string, topic: string, partition: number, granted: () => void): () => void
}
