/**
 * The worker of one owned partition: a lane with a past. It restores its state, turns batch after batch into
 * effects, and takes snapshots. It is a `Processor` of the event log, which commits its effects, its state and
 * the read position together.
 */
import type { Partition } from '../core/partition.ts'
import type { Batch, NewRecord, Processor } from '../core/ports.ts'
import { chunkCount, decodeState, encodeState, type Restored } from '../core/state.ts'
import { createLane, type LaneLimits, type LaneOptions } from './lane.ts'

export interface WorkerOptions extends Omit<LaneOptions, 'inferred' | 'limits'> {
  readonly limits: LaneLimits & { readonly snapshotRecords: number }
  readonly observer: WorkerObserver
}

/** Told of what happened; figures are those of committed batches. */
export interface WorkerObserver {
  restored(partition: number, restored: Restored | null): void
  /** A net scored `windows` windows in `seconds`. */
  inferred(windows: number, seconds: number): void
  committed(figures: WorkerFigures, batch: Batch): void
}

/** The partition with its counts since its first record (they survive crashes), and figures of now. */
export interface WorkerFigures {
  readonly partition: Partition
  /** Ends of the windows whose alerts this batch moved, for the time from window end to publication. */
  readonly alertWindowEnds: readonly number[]
  /** Seconds that the commit took. */
  readonly commitSeconds: number
}

export interface Worker extends Processor {
  /** Time of the last tick that it processed; null before the first. */
  tickTs(): number | null
}

/** A snapshot is taken after this many records for each asset at least, so that its cost per record is bounded. */
const SNAPSHOT_RECORDS_PER_ASSET = 10

export function createWorker(options: WorkerOptions): Worker {
  const { topics, limits, observer } = options
  const definitions = options.pipelines.map(({ definition }) => definition)
  const lane = createLane({ ...options, inferred: observer.inferred })
  const { partition } = lane
  let snapshot = { offset: 0, chunks: 0 }
  let alertWindowEnds: readonly number[] = []
  let processedAtMs = 0

  function takeSnapshot(nextOffset: number): NewRecord[] {
    const due = Math.max(limits.snapshotRecords, SNAPSHOT_RECORDS_PER_ASSET * partition.assets.size)
    if (nextOffset - snapshot.offset < due) return []
    const records = encodeState(partition, nextOffset, definitions, snapshot.chunks)
    snapshot = { offset: nextOffset, chunks: chunkCount(partition) }
    return records.map(({ key, value }) => ({
      topic: topics.state,
      key: `${options.partition}/${key}`,
      value,
      partition: options.partition,
    }))
  }

  return {
    async restore(state, committed) {
      const records = new Map<string, Uint8Array>()
      const prefix = `${options.partition}/`
      for await (const chunk of state) {
        for (const { key, value } of chunk) {
          if (key?.startsWith(prefix) && value) records.set(key.slice(prefix.length), value)
        }
      }
      const restored = decodeState(partition, records, definitions)
      if (restored) snapshot = { offset: restored.offset, chunks: chunkCount(partition) }
      observer.restored(options.partition, restored)
      return Math.min(snapshot.offset, committed)
    },

    async process(batch) {
      for (const record of batch.records) lane.take(record)
      const flushed = lane.flush()
      alertWindowEnds = flushed.alertWindowEnds
      processedAtMs = performance.now()
      const state = batch.replay ? [] : takeSnapshot(batch.nextOffset)
      return { emit: flushed.emit, state, keepFrom: snapshot.offset }
    },

    committed(batch) {
      const commitSeconds = (performance.now() - processedAtMs) / 1000
      observer.committed({ partition, alertWindowEnds, commitSeconds }, batch)
    },

    tickTs: () => partition.tickTs,

    async close() {},
  }
}
