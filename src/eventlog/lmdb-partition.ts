/**
 * One partition of the embedded log: the keys of its batches, the last of them in memory, and reading.
 * Keys sort by topic, partition and offset, so a partition is one range of the table.
 */
import type { Bounds, LogRecord } from '../core/ports.ts'
import type { TopicSpec } from '../core/topics.ts'
import { batchHead, decodeBatch } from './codec.ts'
import type { Chunk, ChunkLimits } from './followed.ts'
import type { LmdbEnv } from './lmdb-env.ts'

/** Bytes of the last batches that a followed partition keeps in memory, so that followers rarely read disk. */
export const RECENT_BYTES = 4 * 1024 * 1024
/** And how many of them at most. */
export const RECENT_BATCHES = 2048
/** Most topics and partitions that a key has room for. */
export const MOST_TOPICS = 65_536
export const MOST_PARTITIONS = 65_536

export interface StoredBatch {
  readonly base: number
  readonly end: number
  readonly bytes: Buffer
}

/** What the keys of a partition begin with. */
export interface Place {
  readonly topicId: number
  readonly partition: number
}

export interface LmdbPartition extends Place {
  readonly topic: string
  readonly cleanup: TopicSpec['cleanup']
  /** Next offset; moved when a commit is durable. */
  end: number
  /** The last batches without a gap up to `end`; empty when nobody follows. */
  readonly recent: StoredBatch[]
  recentBytes: number
}

export function createLmdbPartition(
  topic: string,
  topicId: number,
  partition: number,
  cleanup: TopicSpec['cleanup'],
): LmdbPartition {
  return { topic, topicId, partition, cleanup, end: 0, recent: [], recentBytes: 0 }
}

/** Key of the batch that begins at an offset. */
export function batchKey(at: Place, offset: number): Buffer {
  const key = Buffer.allocUnsafe(12)
  key.writeUInt16BE(at.topicId, 0)
  key.writeUInt16BE(at.partition, 2)
  key.writeUInt32BE(Math.floor(offset / 2 ** 32), 4)
  key.writeUInt32BE(offset % 2 ** 32, 8)
  return key
}

/** Key of something that belongs to a partition, in the other tables. */
export function partitionKey(prefix: string, at: Place, name: string): Buffer {
  const head = Buffer.from(`${prefix}....${name}`)
  head.writeUInt16BE(at.topicId, prefix.length)
  head.writeUInt16BE(at.partition, prefix.length + 2)
  return head
}

/** Offset of a batch from its key. */
export function offsetOf(key: Buffer): number {
  return key.readUInt32BE(4) * 2 ** 32 + key.readUInt32BE(8)
}

/** Key behind every batch of the partition. */
function lastKey(at: Place): Buffer {
  return batchKey(at, Number.MAX_SAFE_INTEGER)
}

export function boundsIn(env: LmdbEnv, at: LmdbPartition): Bounds {
  const first = env.firstKey('log', batchKey(at, 0), lastKey(at))
  return { start: first === null ? at.end : offsetOf(first), end: at.end }
}

/** Keeps a batch that was appended in memory, and lets the oldest go. */
export function remember(at: LmdbPartition, batch: StoredBatch): void {
  const { recent } = at
  if (recent.length > 0 && recent.at(-1)!.end !== batch.base) forget(at)
  recent.push(batch)
  at.recentBytes += batch.bytes.length
  while (recent.length > 1 && (at.recentBytes > RECENT_BYTES || recent.length > RECENT_BATCHES)) {
    at.recentBytes -= recent.shift()!.bytes.length
  }
}

/** Lets go of batches that retention has removed. */
export function forgetBefore(at: LmdbPartition, start: number): void {
  while (at.recent.length > 0 && at.recent[0]!.end <= start) {
    at.recentBytes -= at.recent.shift()!.bytes.length
  }
}

export function forget(at: LmdbPartition): void {
  at.recent.length = 0
  at.recentBytes = 0
}

/** Records in [from, to) as far as the limits allow, whole batches at a time as far as bytes go. */
export function takeIn(
  env: LmdbEnv,
  at: LmdbPartition,
  from: number,
  to: number,
  limits: ChunkLimits,
): Chunk {
  const end = Math.min(to, at.end)
  const records: LogRecord[] = []
  let bytes = 0
  for (const batch of from < end ? batchesFrom(env, at, from, end) : []) {
    if (records.length > 0 && bytes + batch.length > limits.bytes) break
    bytes += batch.length
    decodeBatch(batch, from, end, limits.records - records.length, records)
    if (records.length >= limits.records) break
  }
  const last = records.at(-1)
  return { records, nextOffset: last === undefined ? Math.max(from, end) : last.offset + 1 }
}

/** Batches that hold offsets of [from, to), in order. */
function* batchesFrom(env: LmdbEnv, at: LmdbPartition, from: number, to: number): Generator<Buffer> {
  const first = at.recent[0]
  if (first !== undefined && first.base <= from) {
    for (let i = indexOf(at.recent, from); i < at.recent.length; i++) yield at.recent[i]!.bytes
    return
  }
  const within = env.keyAtOrBefore('log', batchKey(at, from), batchKey(at, 0))
  for (const { value } of env.range('log', within ?? batchKey(at, from), batchKey(at, to))) {
    const { base, count } = batchHead(value)
    if (base + count > from) yield value
  }
}

/** Index of the batch that holds an offset, by bisection. */
function indexOf(batches: readonly StoredBatch[], offset: number): number {
  let low = 0
  let high = batches.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (batches[middle]!.end <= offset) low = middle + 1
    else high = middle
  }
  return low
}
