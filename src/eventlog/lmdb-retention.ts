/**
 * One round of retention of the embedded log: chooses by `retention.ts` what goes, within the transaction
 * that removes it, so that nothing changes in between.
 */
import { batchHead } from './codec.ts'
import type { Groups } from './groups.ts'
import type { LmdbEnv } from './lmdb-env.ts'
import { batchKey, boundsIn, type LmdbPartition, offsetOf, partitionKey } from './lmdb-partition.ts'
import { type Stage, tombstoneKey } from './lmdb-stage.ts'
import type { PartitionTable } from './lmdb-topics.ts'
import {
  type Head,
  type HeadCursor,
  type Retained,
  type RetentionPolicy,
  ROUND_BATCHES,
  removeOldest,
} from './retention.ts'

const PAGE_BYTES = 4096
/** Values above about half a page get pages of their own. */
const INLINE_BYTES = 2000

/** Adds the removals of one round to a transaction. */
export function stageRound(
  env: LmdbEnv,
  stage: Stage,
  table: PartitionTable,
  groups: Groups,
  policy: RetentionPolicy,
  nowMs: number,
): Retained {
  const all = [...table.values()].flat()
  const tombstones = removeTombstones(env, stage, all, nowMs)
  const heads = all.filter(({ cleanup }) => cleanup === 'delete').map((at) => headsOf(env, stage, at))
  const removed = removeOldest(heads, groups, env.sizeBytes(), policy, nowMs)
  return tombstones === ROUND_BATCHES ? { ...removed, more: true } : removed
}

function headsOf(env: LmdbEnv, stage: Stage, at: LmdbPartition): HeadCursor {
  const behind = batchKey(at, at.end)
  let key = env.firstKey('log', batchKey(at, 0), behind)
  let head: Head | null = null
  return {
    peek() {
      if (head !== null || key === null) return head
      const value = env.get('log', key)!
      const { base, count, timestamp } = batchHead(value)
      head = {
        topic: at.topic,
        partition: at.partition,
        end: base + count,
        timestamp,
        bytes: roomOf(value.length),
      }
      return head
    },
    remove() {
      if (key === null) return
      stage.remove({ table: 'log', key })
      key = env.firstKey('log', batchKey(at, offsetOf(key) + 1), behind)
      head = null
    },
  }
}

function roomOf(valueBytes: number): number {
  return valueBytes < INLINE_BYTES ? valueBytes + 20 : Math.ceil((valueBytes + 16) / PAGE_BYTES) * PAGE_BYTES
}

/** Removes tombstones whose time is over, unless the key has been written again. */
function removeTombstones(env: LmdbEnv, stage: Stage, all: readonly LmdbPartition[], nowMs: number): number {
  const none = { topicId: 0, partition: 0 }
  let count = 0
  for (const { key, value } of env.range('meta', tombstoneKey(0, none, 0), tombstoneKey(nowMs, none, 0))) {
    if (count++ === ROUND_BATCHES) return ROUND_BATCHES
    stage.remove({ table: 'meta', key })
    const place = key.subarray(-12)
    const offset = offsetOf(place)
    const at = all.find(
      ({ topicId, partition }) => topicId === place.readUInt16BE(0) && partition === place.readUInt16BE(2),
    )
    if (at === undefined) continue
    const nameKey = partitionKey('', at, value.toString())
    if (env.get('latest', nameKey)?.readDoubleBE(0) !== offset) continue
    stage.remove({ table: 'latest', key: nameKey })
    stage.remove({ table: 'log', key: batchKey(at, offset) })
  }
  return count
}

/** The partitions that keep the log from shrinking, for messages. */
export function heldBack(env: LmdbEnv, table: PartitionTable, groups: Groups, nowMs: number): string[] {
  const held: string[] = []
  for (const at of [...table.values()].flat()) {
    const slowest = groups.slowest(at.topic, at.partition, nowMs)
    const { start, end } = boundsIn(env, at)
    if (slowest === null || start === end) continue
    held.push(`${at.topic}/${at.partition} by group ${slowest.group} at offset ${slowest.keepFrom}`)
  }
  return held
}
