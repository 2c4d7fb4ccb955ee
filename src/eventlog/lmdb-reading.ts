/**
 * Reading the embedded log: its partitions by name, and what followers and ranges need. The owner knows the
 * ends from its own commits; a visitor, for whom another process writes, looks them up each time.
 */
import { failure } from '../core/errors.ts'
import type { FollowedLog } from './followed.ts'
import type { LmdbEnv } from './lmdb-env.ts'
import { boundsIn, type LmdbPartition, takeIn } from './lmdb-partition.ts'
import { loadEnd, loadTopics, type PartitionTable } from './lmdb-topics.ts'
import { readRange, withoutTombstones } from './range.ts'
import type { Scheduler } from './scheduler.ts'

/** The partitions of a topic; `input` when there is no such topic. */
export type Lookup = (topic: string) => readonly LmdbPartition[]

/** Looks partitions up in the owner's table. */
export function lookupIn(table: PartitionTable): Lookup {
  return (topic) => {
    const found = table.get(topic)
    if (found !== undefined) return found
    throw failure('input', `the log has no topic ${topic}; it has ${[...table.keys()].join(', ')}`)
  }
}

/** Looks partitions up as another process has left them a moment ago. */
export function lookupShared(env: LmdbEnv, partitions: number): Lookup {
  let table: PartitionTable = new Map()
  return (topic) => {
    env.refresh()
    if (!table.has(topic)) table = loadTopics(env, partitions)
    const found = lookupIn(table)(topic)
    for (const at of found) loadEnd(env, at)
    return found
  }
}

/** One partition; `input` when there is none. */
export function partitionOf(lookup: Lookup, topic: string, partition: number): LmdbPartition {
  const ofTopic = lookup(topic)
  const found = ofTopic[partition]
  if (found !== undefined) return found
  throw failure(
    'input',
    `${topic} has no partition ${partition}; it has partitions 0 to ${ofTopic.length - 1}`,
  )
}

/** The part of a followed log that only reads. */
export function readingOf(
  env: LmdbEnv,
  lookup: Lookup,
  scheduler: Scheduler,
  stateTopic: string,
): Pick<FollowedLog, 'boundsOf' | 'take' | 'states'> {
  const reading: Pick<FollowedLog, 'boundsOf' | 'take' | 'states'> = {
    boundsOf: (topic, partition) => boundsIn(env, partitionOf(lookup, topic, partition)),
    take: (topic, partition, from, to, limits) =>
      takeIn(env, partitionOf(lookup, topic, partition), from, to, limits),
    states(partition) {
      const { end } = partitionOf(lookup, stateTopic, partition)
      return withoutTombstones(readRange(reading, scheduler, stateTopic, partition, 0, end))
    },
  }
  return reading
}
