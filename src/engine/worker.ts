/**
 * The worker of one owned partition: batch → advance → score → settle → effects. It is a `Processor` of the
 * event log, which commits its effects, its state and the read position together.
 */
import { makeReadingDecoder } from '../core/decode.ts'
import {
  makePartition,
  type Partition,
  type PartitionLimits,
  type Step,
  takeReading,
  takeTick,
} from '../core/partition.ts'
import type { Batch, Effects, LogRecord, NewRecord, Processor } from '../core/ports.ts'
import { chunkCount, decodeState, encodeState, type Restored } from '../core/state.ts'
import type { TopicNames } from '../core/topics.ts'
import { createEffects } from './effects.ts'
import { parseInbox } from './inbox.ts'
import type { EnginePipeline } from './pipeline.ts'
import { scoreWindows } from './scoring.ts'

export interface WorkerOptions {
  readonly partition: number
  readonly topics: TopicNames
  readonly pipelines: readonly EnginePipeline[]
  readonly limits: PartitionLimits & { readonly channelsPerAsset: number; readonly snapshotRecords: number }
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
  /** Ends of the windows that this batch scored, for the time from window end to publication. */
  readonly windowEnds: readonly number[]
}

export interface Worker extends Processor {
  /** Time of the last tick that it processed; null before the first. */
  tickTs(): number | null
}

/** A snapshot is taken after this many records for each asset at least, so that its cost per record is bounded. */
const SNAPSHOT_RECORDS_PER_ASSET = 10

export function createWorker(options: WorkerOptions): Worker {
  const { topics, pipelines, limits, observer } = options
  const definitions = pipelines.map(({ definition }) => definition)
  const partition = makePartition(
    pipelines.map(({ rules }) => rules),
    limits,
  )
  const decoder = makeReadingDecoder(limits.channelsPerAsset)
  const effects = createEffects(options.partition, topics, partition)
  let snapshot = { offset: 0, chunks: 0 }
  let windowEnds: readonly number[] = []

  function takeRecord(record: LogRecord, steps: Step[], emit: NewRecord[]): void {
    const { type } = record.headers
    if (type === undefined) {
      const wrong = decoder.decode(record.value ?? NO_BYTES, record.key)
      if (wrong) effects.deadLetter(record, wrong, emit)
      else effects.reading(record, takeReading(partition, decoder.fields, record.offset, steps), emit)
      return
    }
    const message = parseInbox(type, record.value)
    if ('tick' in message) takeTick(partition, message.tick, record.offset, steps)
    else if ('command' in message) steps.push({ offset: record.offset, command: message.command })
    else effects.deadLetter(record, message, emit)
  }

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

    async process(batch): Promise<Effects> {
      const steps: Step[] = []
      const emit: NewRecord[] = []
      for (const record of batch.records) takeRecord(record, steps, emit)
      const risks = scoreWindows(pipelines, steps, observer.inferred)
      windowEnds = effects.settle(steps, risks, emit)
      const state = batch.replay ? [] : takeSnapshot(batch.nextOffset)
      return { emit, state, keepFrom: snapshot.offset }
    },

    committed(batch) {
      observer.committed({ partition, windowEnds }, batch)
    },

    tickTs: () => partition.tickTs,

    async close() {},
  }
}

const NO_BYTES = new Uint8Array(0)
