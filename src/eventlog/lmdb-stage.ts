/**
 * One transaction of the embedded log while it is put together: appends of any number of callers become one
 * batch per partition, compacted records replace their older ones, ends and positions move along.
 */
import type { NewRecord } from '../core/ports.ts'
import { encodeBatch, storedBytesAtMost } from './codec.ts'
import type { GroupPosition } from './groups.ts'
import type { Change, LmdbEnv } from './lmdb-env.ts'
import { batchKey, type LmdbPartition, type Place, partitionKey, type StoredBatch } from './lmdb-partition.ts'
import { TOMBSTONE_MS } from './retention.ts'

/** Most bytes of one stored batch (a single larger record is a batch of its own). */
export const STORED_BATCH_BYTES = 128 * 1024

/** What a transaction changes in the memory of the log once it is durable. */
export interface Staged {
  readonly changes: readonly Change[]
  /** New batches of `delete` topics, in order. */
  readonly batches: readonly { readonly at: LmdbPartition; readonly batch: StoredBatch }[]
  readonly ends: ReadonlyMap<LmdbPartition, number>
  readonly positions: readonly StagedPosition[]
}

export interface StagedPosition {
  readonly at: LmdbPartition
  readonly group: string
  readonly position: GroupPosition
}

export interface Stage {
  /** @returns offset of the first record */
  append(at: LmdbPartition, records: readonly NewRecord[]): number
  setGroup(at: LmdbPartition, group: string, offset: number, keepFrom: number): void
  remove(change: Omit<Change, 'value'>): void
  finish(): Staged
}

/** Records of a partition that the transaction appends. */
interface Tail {
  readonly base: number
  readonly records: NewRecord[]
}

/** @param timestamp of the batches, epoch ms */
export function createStage(env: LmdbEnv, timestamp: number): Stage {
  const tails = new Map<LmdbPartition, Tail>()
  const changes: Change[] = []
  const positions: StagedPosition[] = []
  return {
    append(at, records) {
      const tail = tails.get(at) ?? { base: at.end, records: [] }
      tails.set(at, tail)
      const base = tail.base + tail.records.length
      for (const record of records) tail.records.push(record)
      return base
    },
    setGroup(at, group, offset, keepFrom) {
      const value = Buffer.allocUnsafeSlow(24)
      value.writeDoubleBE(offset, 0)
      value.writeDoubleBE(keepFrom, 8)
      value.writeDoubleBE(timestamp, 16)
      changes.push({ table: 'meta', key: partitionKey('group', at, group), value })
      positions.push({ at, group, position: { offset, keepFrom, atMs: timestamp } })
    },
    remove({ table, key }) {
      changes.push({ table, key, value: null })
    },
    finish() {
      const batches: { at: LmdbPartition; batch: StoredBatch }[] = []
      const ends = new Map<LmdbPartition, number>()
      for (const [at, tail] of tails) {
        const end = tail.base + tail.records.length
        ends.set(at, end)
        changes.push({ table: 'meta', key: partitionKey('end', at, ''), value: offsetValue(end) })
        if (at.cleanup === 'compact') compact(env, at, tail, timestamp, changes)
        else for (const batch of batchesOf(tail, timestamp)) batches.push({ at, batch })
      }
      for (const { at, batch } of batches) {
        changes.push({ table: 'log', key: batchKey(at, batch.base), value: batch.bytes })
      }
      return { changes, batches, ends, positions }
    },
  }
}

/** Key under which a tombstone is noted, in the order of age, for its removal. */
export function tombstoneKey(removeAtMs: number, at: Place, offset: number): Buffer {
  const head = Buffer.from('tomb........')
  head.writeDoubleBE(removeAtMs, 4)
  return Buffer.concat([head, batchKey(at, offset)])
}

function offsetValue(offset: number): Buffer {
  const value = Buffer.allocUnsafeSlow(8)
  value.writeDoubleBE(offset, 0)
  return value
}

function* batchesOf({ base, records }: Tail, timestamp: number): Generator<StoredBatch> {
  let first = 0
  let bytes = 0
  for (let i = 0; i <= records.length; i++) {
    const more = i < records.length ? storedBytesAtMost(records[i]!) : Number.POSITIVE_INFINITY
    if (i > first && bytes + more > STORED_BATCH_BYTES) {
      const encoded = encodeBatch(records.slice(first, i), base + first, timestamp)
      yield { base: base + first, end: base + i, bytes: encoded }
      first = i
      bytes = 0
    }
    bytes += more
  }
}

/** The latest record of each key goes in, as a batch of its own; what it replaces goes out. */
function compact(env: LmdbEnv, at: LmdbPartition, tail: Tail, timestamp: number, changes: Change[]): void {
  const latest = new Map<string, number>()
  tail.records.forEach((record, index) => {
    latest.set(record.key ?? '', index)
  })
  for (const [key, index] of latest) {
    const record = tail.records[index]!
    const offset = tail.base + index
    const nameKey = partitionKey('', at, key)
    const older = env.get('latest', nameKey)
    if (older !== null) changes.push({ table: 'log', key: batchKey(at, older.readDoubleBE(0)), value: null })
    changes.push({ table: 'latest', key: nameKey, value: offsetValue(offset) })
    changes.push({ table: 'log', key: batchKey(at, offset), value: encodeBatch([record], offset, timestamp) })
    if (record.value !== null) continue
    changes.push({
      table: 'meta',
      key: tombstoneKey(timestamp + TOMBSTONE_MS, at, offset),
      value: Buffer.from(key),
    })
  }
}
