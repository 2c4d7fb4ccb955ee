/**
 * The few ports between the stages: what the event log, a processor, a scorer and a clock must do.
 * Everything outside `core` implements or receives these; the adapters of a port share one law suite.
 */

import type { Failure } from './errors.ts'

/** Text headers of a record. Names are lower case; `EMPTY_HEADERS` stands for none. */
export type Headers = Readonly<Record<string, string>>

export const EMPTY_HEADERS: Headers = Object.freeze({})

/** A record as it is read from the log. Offsets rise within a partition and may have holes (compaction, Kafka). */
export interface LogRecord {
  readonly offset: number
  /** Epoch ms at which the log took the record. It tells what is too far ahead; it never enters a value (law 3). */
  readonly timestamp: number
  readonly key: string | null
  /** `null` is a tombstone on a compacted topic. */
  readonly value: Uint8Array | null
  readonly headers: Headers
}

/**
 * A record to be written. Without `partition` the log takes murmur2 of the key, as Kafka does, and partition 0
 * without a key.
 */
export interface NewRecord {
  readonly topic: string
  readonly key: string | null
  readonly value: Uint8Array | null
  readonly headers?: Headers
  readonly partition?: number
}

/** Where one appended record landed. */
export interface Position {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** First retained offset and next offset to be written, of one partition. */
export interface Bounds {
  readonly start: number
  readonly end: number
}

/**
 * Records in the order of their offsets. A log may make them while somebody goes through them, so that those of a large
 * batch are never in memory together; going through them again makes them again.
 */
export interface Records extends Iterable<LogRecord> {
  readonly length: number
  /** The quickest way through them. */
  forEach(visit: (record: LogRecord) => void): void
}

/** Consecutive records of one partition, the unit that a processor turns into effects. */
export interface Batch {
  readonly topic: string
  readonly partition: number
  readonly records: Records
  /** The read position after this batch; at least the last record's offset + 1. */
  readonly nextOffset: number
  /** True while state is restored: effects were committed in an earlier life and are withheld now. */
  readonly replay: boolean
}

/** What a batch causes. Committed together with the read position, or not at all (law 2). */
export interface Effects {
  /** Records for other topics, in order. */
  readonly emit: readonly NewRecord[]
  /** Records for the compacted `state` topic, same partition as the batch. */
  readonly state: readonly NewRecord[]
  /**
   * The oldest offset that a restore from the state above would read again; retention keeps from here.
   * Equals the batch's `nextOffset` when the state is complete.
   */
  readonly keepFrom: number
}

/**
 * The work on one owned partition. Made anew each time that a partition is acquired; used by one caller at
 * a time: `restore`, then `process` batch after batch, then `close`.
 */
export interface Processor {
  /**
   * Builds the state from the partition's records of the `state` topic (latest per key, in offset order,
   * without tombstones).
   * @param state records of the compacted `state` topic for this partition; none without a group
   * @param committed the committed read position; where there is none, the offset that `from` means (0 for the
   *   start of a log that has lost nothing yet), and after a failure without a group: how far it had come
   * @returns the offset to read from, at most `committed`; batches before `committed` come with `replay: true`
   */
  restore(state: AsyncIterable<readonly LogRecord[]>, committed: number): Promise<number>
  /** Turns a batch into effects. A throw makes the follower drop this processor and restore a new one. */
  process(batch: Batch): Promise<Effects>
  /**
   * The commit of the last `process` is durable; figures that survive a crash may now be shown.
   * Not called for replayed batches, nor without a group.
   */
  committed?(batch: Batch): void
  /**
   * Following ends in good order: what the next owner is to find, such as a snapshot. Committed at `nextOffset`,
   * the position as it is. Not called after a failure, nor without a group.
   */
  conclude?(nextOffset: number): Promise<Effects>
  close(): Promise<void>
}

export interface FollowOptions {
  readonly topic: string
  /**
   * Group with a committed position: partitions are shared out over its members, effects are committed.
   * (In memory and LMDB the first member of this process owns all; others stand by until it stops.)
   * `null`: every partition, nothing committed, effects must be empty.
   */
  readonly group: string | null
  /** Where to begin without a committed position: per-partition offsets, or an end of the topic. */
  readonly from?: 'start' | 'end' | readonly number[]
  /** Called when a partition is acquired, and again after a failure. */
  open(partition: number): Processor
  /** Most records in a batch. */
  readonly batchRecords?: number
  /**
   * Wait this long for a fuller batch when the last one was small: fewer, larger commits. 0 (the default):
   * take what is there. Not applied with `untilCaughtUp`, nor while there is a backlog.
   */
  readonly gatherMs?: number
  /** Stop by itself at the end that the topic had when following began. */
  readonly untilCaughtUp?: boolean
  /**
   * A processor, a read or a commit failed; the follower backs off and tries again (a partition whose
   * processor fails does not stop the others). Only a failure `usage` or `log-version` ends it.
   */
  onError?(error: Error, partition: number): void
}

/** A running follow. */
export interface Follower {
  /** Partitions that are restored and being processed now. */
  owned(): readonly number[]
  /** True while other members of the group own all partitions: there is nothing for this one to do. */
  idle?(): boolean
  /** Records between the read position and the end, per owned partition. */
  lag(): Promise<ReadonlyMap<number, number>>
  /** Resolves when `untilCaughtUp` is reached or `stop` has finished; rejects when it can never go on. */
  readonly done: Promise<void>
  /** Finishes and commits the batch in hand, closes the processors. Never rejects. */
  stop(): Promise<void>
}

/**
 * What `EventLog.exclusively` runs: reads the partition's state (latest per key, without tombstones) and tells what to
 * write; nothing is written when both lists are empty.
 */
export type ExclusiveWork = (
  state: AsyncIterable<readonly LogRecord[]>,
) => Promise<Pick<Effects, 'emit' | 'state'>>

/** The log that joins the stages. Adapters: memory, embedded (LMDB), later Kafka. */
export interface EventLog {
  /** Partitions of every co-partitioned topic. */
  readonly partitions: number
  /**
   * Writes all records, in order per partition; resolves when they are durable. Rejects with `log-full`
   * (nothing written, room may come), `log-unavailable` (the same; disk full, broker away) or `input` (a
   * record that the log can never take), never partly. The records must not be changed until it resolves.
   */
  append(records: readonly NewRecord[]): Promise<readonly Position[]>
  follow(options: FollowOptions): Follower
  /** Committed records with offset in [from, to) of a partition, in order, in chunks. `to` defaults to the end as of the call. */
  read(topic: string, partition: number, from: number, to?: number): AsyncIterable<readonly LogRecord[]>
  /**
   * Reads a partition's state, decides and commits as the only one on any machine to do so under this name; who comes
   * later finds what was committed before. Effects and state become durable together or not at all.
   * @param name told apart from groups that follow by being another name
   * @throws failure 'log-unavailable' (nothing was written; it may be done again), 'conflict' (somebody else took over
   *   meanwhile; likewise), 'usage' when the log is open for reading only
   */
  exclusively(name: string, partition: number, work: ExclusiveWork): Promise<void>
  /** Bounds of each partition of a topic. */
  bounds(topic: string): Promise<readonly Bounds[]>
  /** What keeps the log from its work now though it tries again by itself; `null` when all is well. */
  trouble?(): Failure | null
  close(): Promise<void>
}

/** Scores feature vectors; the same vectors give the same bits, whoever shares the batch. */
export interface Scorer {
  /**
   * @param vectors row-major [rows × features], raw features as the manifest orders them; NaN = missing
   * @param rows number of rows
   * @returns risk in 0…1 for each row, rounded to 6 decimals
   */
  score(vectors: Float64Array, rows: number): Float64Array
  /**
   * Why these rows score as they do. Left out by a scorer that can't tell.
   * @returns row-major [rows × features]: the signed share of each feature in what sets the row apart from a usual one;
   *   each row adds up to 1, or is all 0 where nothing does
   */
  explain?(vectors: Float64Array, rows: number): Float64Array
  dispose(): void
}

/** Wall and monotonic time; exists only in the shell. */
export interface Clock {
  /** Epoch ms. */
  now(): number
  /** Monotonic ms. */
  monotonic(): number
}
