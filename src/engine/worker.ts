/**
 * The worker of one owned partition: a lane with a past. It restores its state, turns batch after batch into
 * effects, and takes snapshots. It is a `Processor` of the event log, which commits its effects, its state and
 * the read position together.
 */

import type { AlertChange, AlertSlot } from '../core/alert.ts'
import { failure } from '../core/errors.ts'
import type { Partition } from '../core/partition.ts'
import type { Batch, NewRecord, Processor } from '../core/ports.ts'
import { decodeState, encodeState, type Restored } from '../core/state.ts'
import { type CommittedAlerts, isMovedKey, restoreCommitted, storeMoved } from '../core/state-alerts.ts'
import { createLane, type LaneLimits, type LaneOptions } from './lane.ts'

export interface WorkerOptions extends Omit<LaneOptions, 'inferred' | 'limits'> {
  /** Group whose position is committed; each group has a state of its own. */
  readonly group: string
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
  /** Readings that it has processed, without those of a restore. */
  heard(): number
  /** Assets that it knows of. */
  assets(): number
}

/** A snapshot is taken after this many records for each asset at least, so that its cost per record is bounded. */
const SNAPSHOT_RECORDS_PER_ASSET = 10

export function createWorker(options: WorkerOptions): Worker {
  const { topics, limits, observer } = options
  const definitions = options.pipelines.map(({ definition }) => definition)
  const lane = createLane({ ...options, inferred: observer.inferred })
  const { partition } = lane
  const keyPrefix = `${options.group}/${options.partition}/`
  let snapshot: { readonly offset: number; readonly chunks: number } = { offset: 0, chunks: 0 }
  /** The first one comes with the first commit: what moves after it can be kept beside it. */
  let hasSnapshot = false
  let alertWindowEnds: readonly number[] = []
  let processedAtMs = 0
  let heard = 0
  /** Behind the last record that is in the state. */
  let processedTo = 0
  /** Alerts of rules that are gone: they end with the next commit, and with them the state that knew them. */
  let endings: readonly AlertSlot[] = []
  /** What alerts must be once the log has been read again; null: they are. */
  let published: CommittedAlerts | null = null
  /** Keys of alerts that have moved since the snapshot, as they stand in the state. */
  const moved = new Set<string>()

  function isDue(nextOffset: number): boolean {
    const due = Math.max(limits.snapshotRecords, SNAPSHOT_RECORDS_PER_ASSET * partition.assets.size)
    return !hasSnapshot || nextOffset - snapshot.offset >= due
  }

  function takeSnapshot(nextOffset: number): NewRecord[] {
    const { records, chunks } = encodeState(partition, nextOffset, definitions, snapshot.chunks)
    snapshot = { offset: nextOffset, chunks }
    hasSnapshot = true
    const over = [...moved].map((key) => stateRecord(key, null))
    moved.clear()
    return [...records.map(({ key, value }) => stateRecord(key, value)), ...over]
  }

  function stateRecord(key: string, value: Uint8Array | null): NewRecord {
    return { topic: topics.state, key: `${keyPrefix}${key}`, value, partition: options.partition }
  }

  /** Alerts that moved are kept beside the snapshot: under another config the log would not tell of them again. */
  function keepMoved(changes: readonly AlertChange[]): NewRecord[] {
    const latest = new Map(changes.map((change) => storeMoved(change, snapshot.offset)))
    for (const key of latest.keys()) moved.add(key)
    return [...latest].map(([key, value]) => stateRecord(key, value))
  }

  /** The log has been read again: from here on effects count. */
  function setPublished(): void {
    if (published === null) return
    endings = [...endings, ...restoreCommitted(partition, published)]
    published = null
  }

  function endAlerts(offset: number): boolean {
    if (endings.length === 0) return false
    lane.endAlerts(endings, { at: partition.tickTs ?? 0, because: 'removed' }, offset)
    endings = []
    return true
  }

  return {
    async restore(state, committed) {
      const records = new Map<string, Uint8Array>()
      for await (const chunk of state) {
        for (const { key, value } of chunk) {
          if (!key?.startsWith(keyPrefix)) continue
          if (value) records.set(key.slice(keyPrefix.length), value)
          else records.delete(key.slice(keyPrefix.length))
        }
      }
      for (const key of records.keys()) if (isMovedKey(key)) moved.add(key)
      const restored = decodeState(partition, records, definitions)
      if (restored) {
        snapshot = restored
        hasSnapshot = true
        endings = restored.endings
        published = restored.committed
      }
      if (snapshot.offset > committed) {
        throw failure(
          'log-version',
          `the state of ${topics.readings}/${options.partition} stands at offset ${snapshot.offset}, the position ` +
            `of group ${options.group} at ${committed}: they were not committed together; the log is damaged`,
        )
      }
      observer.restored(options.partition, restored)
      return snapshot.offset
    },

    async process(batch) {
      if (!batch.replay) setPublished()
      let haveEnded = false
      batch.records.forEach((record) => {
        if (!batch.replay && endings.length > 0) haveEnded = endAlerts(record.offset)
        lane.take(record)
        if (!batch.replay && record.headers.type === undefined) heard++
      })
      const flushed = lane.flush()
      alertWindowEnds = flushed.alertWindowEnds
      processedAtMs = performance.now()
      processedTo = batch.nextOffset
      const isNeeded = haveEnded || (!batch.replay && isDue(batch.nextOffset))
      const kept = batch.replay ? [] : keepMoved(flushed.moved)
      const state = isNeeded ? takeSnapshot(batch.nextOffset) : kept
      return { emit: flushed.emit, state, keepFrom: snapshot.offset }
    },

    committed(batch) {
      const commitSeconds = (performance.now() - processedAtMs) / 1000
      observer.committed({ partition, alertWindowEnds, commitSeconds }, batch)
    },

    /** A last snapshot: the next start is quick, and may bring another model without replaying into it. */
    async conclude(nextOffset) {
      if (processedTo > nextOffset) {
        throw failure(
          'usage',
          `the worker of ${topics.readings}/${options.partition} has processed up to ${processedTo}, so it can't ` +
            `conclude at ${nextOffset}: what lies between would count twice`,
        )
      }
      setPublished()
      const { emit } = endAlerts(nextOffset) ? lane.flush() : { emit: [] }
      const isNeeded = emit.length > 0 || nextOffset > snapshot.offset
      const state = isNeeded ? takeSnapshot(nextOffset) : []
      return { emit, state, keepFrom: snapshot.offset }
    },

    tickTs: () => partition.tickTs,
    heard: () => heard,
    assets: () => partition.assets.size,

    async close() {},
  }
}
