/**
 * One partition of the memory log. A `delete` topic is a list of appended batches; a `compact` topic is a map
 * from key to latest record, kept in offset order (a Map iterates in the order of insertion, and a key that
 * is written again is inserted again).
 */
import { type Bounds, EMPTY_HEADERS, type LogRecord, type NewRecord } from '../core/ports.ts'
import type { TopicSpec } from '../core/topics.ts'
import { storedBytesAtMost } from './codec.ts'
import type { Chunk, ChunkLimits } from './followed.ts'
import { type HeadCursor, TOMBSTONE_MS } from './retention.ts'

interface MemoryBatch {
  readonly records: readonly LogRecord[]
  readonly end: number
  readonly timestamp: number
  readonly bytes: number
}

export interface MemoryPartition {
  readonly topic: string
  readonly partition: number
  readonly cleanup: TopicSpec['cleanup']
  /** Next offset. */
  end: number
  bytes: number
  readonly batches: MemoryBatch[]
  readonly latest: Map<string, LogRecord>
}

export function createPartition(
  topic: string,
  partition: number,
  cleanup: TopicSpec['cleanup'],
): MemoryPartition {
  return { topic, partition, cleanup, end: 0, bytes: 0, batches: [], latest: new Map() }
}

/**
 * Appends copies of the records.
 * @returns offset of the first
 */
export function appendTo(at: MemoryPartition, records: readonly NewRecord[], timestamp: number): number {
  const base = at.end
  const stored = records.map((record, index) => copyOf(record, base + index, timestamp))
  at.end += stored.length
  if (at.cleanup === 'compact') {
    for (const record of stored) setLatest(at, record)
  } else {
    const bytes = stored.reduce((sum, record) => sum + storedBytesAtMost(record), 0)
    at.batches.push({ records: stored, end: at.end, timestamp, bytes })
    at.bytes += bytes
  }
  return base
}

export function boundsOf(at: MemoryPartition): Bounds {
  const first = at.cleanup === 'compact' ? at.latest.values().next().value : at.batches[0]?.records[0]
  return { start: first?.offset ?? at.end, end: at.end }
}

/** Records in [from, to) as far as the limits allow. */
export function takeFrom(at: MemoryPartition, from: number, to: number, limits: ChunkLimits): Chunk {
  const records: LogRecord[] = []
  let bytes = 0
  for (const record of recordsFrom(at, from)) {
    if (record.offset >= to || records.length === limits.records) break
    bytes += storedBytesAtMost(record)
    if (bytes > limits.bytes && records.length > 0) break
    records.push(record)
  }
  const last = records.at(-1)
  return { records, nextOffset: last === undefined ? Math.max(from, Math.min(to, at.end)) : last.offset + 1 }
}

function* recordsFrom(at: MemoryPartition, from: number): Generator<LogRecord> {
  if (at.cleanup === 'compact') {
    for (const record of at.latest.values()) if (record.offset >= from) yield record
    return
  }
  let low = 0
  let high = at.batches.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (at.batches[middle]!.end <= from) low = middle + 1
    else high = middle
  }
  for (; low < at.batches.length; low++) {
    const { records, end } = at.batches[low]!
    const skipped = Math.max(0, from - (end - records.length))
    for (let i = skipped; i < records.length; i++) yield records[i]!
  }
}

/** Walks the oldest batches of a `delete` partition for `removeOldest`. */
export function headsOf(at: MemoryPartition): HeadCursor {
  const { topic, partition, batches } = at
  return {
    peek() {
      const first = batches[0]
      return first === undefined
        ? null
        : { topic, partition, end: first.end, timestamp: first.timestamp, bytes: first.bytes }
    },
    remove() {
      at.bytes -= batches.shift()?.bytes ?? 0
    },
  }
}

/** Removes the tombstones of a `compact` partition that have stood long enough. */
export function dropTombstones(at: MemoryPartition, nowMs: number): void {
  for (const [key, record] of at.latest) {
    if (record.value !== null || record.timestamp >= nowMs - TOMBSTONE_MS) continue
    at.latest.delete(key)
    at.bytes -= storedBytesAtMost(record)
  }
}

function setLatest(at: MemoryPartition, record: LogRecord): void {
  const key = record.key ?? ''
  const older = at.latest.get(key)
  if (older !== undefined) {
    at.bytes -= storedBytesAtMost(older)
    at.latest.delete(key)
  }
  at.latest.set(key, record)
  at.bytes += storedBytesAtMost(record)
}

function copyOf({ key, value, headers }: NewRecord, offset: number, timestamp: number): LogRecord {
  const bare = headers === undefined || Object.keys(headers).length === 0
  return {
    offset,
    timestamp,
    key,
    value: value === null ? null : Buffer.from(value),
    headers: bare ? EMPTY_HEADERS : Object.freeze({ ...headers }),
  }
}
