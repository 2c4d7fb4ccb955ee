/**
 * The event log in memory: for tests, for the deterministic simulation, and for runs that keep nothing. The
 * log object is "the disk": it outlives its followers, which `crash` drops as a power cut would.
 */
import { failure } from '../core/errors.ts'
import type { EventLog, NewRecord } from '../core/ports.ts'
import type { TopicNames } from '../core/topics.ts'
import { workExclusively } from './exclusive.ts'
import type { Commit, FollowedLog } from './followed.ts'
import { createFollower, type DrivenFollower } from './follower.ts'
import { createGroups, type Groups } from './groups.ts'
import { createLeases } from './leases.ts'
import {
  appendTo,
  boundsOf,
  createPartition,
  dropTombstones,
  headsOf,
  type MemoryPartition,
  takeFrom,
} from './memory-partition.ts'
import { readRange, withoutTombstones } from './range.ts'
import { type Retained, removeOldest } from './retention.ts'
import { checkState, positionsOf, route, type Slice, specOf, type TopicTable, topicTable } from './route.ts'
import { type Scheduler, systemScheduler } from './scheduler.ts'
import { createSubscribers, type Subscribers } from './subscribers.ts'

/** Where a test may throw. Before `after-commit` nothing has been written; there, everything has. */
export type FaultPoint = 'append' | 'before-commit' | 'mid-commit' | 'after-commit'

export interface MemoryLogOptions {
  readonly partitions: number
  readonly topics: TopicNames
  /** Group that the readings wait for, see `groups.ts`. */
  readonly group?: string
  readonly retentionMs?: number
  readonly maxBytes?: number
  /** Epoch ms. */
  readonly now?: () => number
  readonly scheduler?: Scheduler
  /** Tests only: called at each point; a throw is a failure there. */
  readonly fault?: (point: FaultPoint) => void
  /**
   * Tests only: `false` writes emitted records before `mid-commit`, state and position after it, so that a
   * throw there tears the commit. It proves that the simulation would notice.
   */
  readonly atomic?: boolean
}

export interface MemoryLog extends EventLog {
  /** One round of retention at `nowMs`. */
  retain(nowMs: number): Promise<Retained>
  /** Drops all followers at once: what they have in hand is never committed, nothing is closed. */
  crash(): void
}

/** Everything of a memory log. */
interface Memory {
  readonly options: MemoryLogOptions
  readonly table: TopicTable
  readonly partitions: ReadonlyMap<string, readonly MemoryPartition[]>
  readonly groups: Groups
  readonly subscribers: Subscribers
  readonly now: () => number
  readonly fault: (point: FaultPoint) => void
  closed: boolean
}

export function createMemoryLog(options: MemoryLogOptions): MemoryLog {
  const scheduler = options.scheduler ?? systemScheduler
  const memory = createMemory(options)
  const followed = followedOf(memory, scheduler)
  const followers = new Set<DrivenFollower>()
  return {
    partitions: options.partitions,
    append: async (records) => append(memory, records),
    follow(followOptions) {
      checkOpen(memory)
      partitionsOf(memory, followOptions.topic)
      const follower = createFollower(followed, followOptions, scheduler, () => followers.delete(follower))
      followers.add(follower)
      return follower
    },
    read(topic, partition, from, to) {
      const { end } = boundsOf(partitionOf(memory, topic, partition))
      return readRange(followed, scheduler, topic, partition, from, to ?? end)
    },
    exclusively: (name, partition, work) =>
      workExclusively(followed, options.topics.state, name, partition, work),
    bounds: async (topic) => partitionsOf(memory, topic).map(boundsOf),
    retain: async (nowMs) => retain(memory, nowMs),
    crash() {
      for (const follower of followers) follower.abandon()
    },
    async close() {
      await Promise.all([...followers].map((follower) => follower.stop()))
      memory.closed = true
    },
  }
}

function createMemory(options: MemoryLogOptions): Memory {
  const { topics, group = 'forewarn', now = Date.now, fault = () => undefined } = options
  const table = topicTable(topics)
  const partitions = new Map(
    [...table].map(([topic, { cleanup }]) => [
      topic,
      Array.from({ length: options.partitions }, (_, partition) =>
        createPartition(topic, partition, cleanup),
      ),
    ]),
  )
  const { retentionMs = Number.POSITIVE_INFINITY } = options
  const groups = createGroups({ expected: { group, topic: topics.readings }, retentionMs })
  return { options, table, partitions, groups, subscribers: createSubscribers(), now, fault, closed: false }
}

function followedOf(memory: Memory, scheduler: Scheduler): FollowedLog {
  const leases = createLeases()
  const stateTopic = memory.options.topics.state
  const followed: FollowedLog = {
    partitions: memory.options.partitions,
    boundsOf: (topic, partition) => boundsOf(partitionOf(memory, topic, partition)),
    committed: (group, topic, partition) => memory.groups.get(group, topic, partition)?.offset ?? null,
    take: (topic, partition, from, to, limits) =>
      takeFrom(partitionOf(memory, topic, partition), from, to, limits),
    states(partition) {
      const { start, end } = boundsOf(partitionOf(memory, stateTopic, partition))
      return withoutTombstones(readRange(followed, scheduler, stateTopic, partition, start, end))
    },
    commit: async (commit) => commitAll(memory, commit),
    subscribe: (topic, grown) => memory.subscribers.add(topic, grown),
    lease(group, topic, partition, granted) {
      memory.groups.follow(group)
      return leases.acquire(`${group}\n${topic}\n${partition}`, granted)
    },
  }
  return followed
}

function append(memory: Memory, records: readonly NewRecord[]) {
  checkOpen(memory)
  const slices = route(records, memory.table, memory.options.partitions)
  memory.fault('append')
  checkRoom(memory)
  const bases = write(memory, slices)
  return positionsOf(slices, bases, records.length)
}

function checkRoom(memory: Memory): void {
  const { maxBytes = Number.POSITIVE_INFINITY } = memory.options
  if (sizeOf(memory) <= maxBytes) return
  retain(memory, memory.now())
  const sizeBytes = sizeOf(memory)
  if (sizeBytes <= maxBytes) return
  throw failure(
    'log-full',
    `the log in memory holds ${sizeBytes} bytes, more than log.maxBytes (${maxBytes}), and none of it may be removed yet`,
  )
}

function commitAll(memory: Memory, commit: Commit): void {
  checkOpen(memory)
  const { options, table, groups, fault } = memory
  const { group, topic, partition, expected, nextOffset, keepFrom } = commit
  const emitted = route(commit.emit, table, options.partitions)
  const state = route(commit.state, table, options.partitions, partition)
  checkState(state, options.topics.state)
  fault('before-commit')
  const offset = groups.get(group, topic, partition)?.offset ?? null
  if (offset !== expected) {
    throw failure('conflict', `${group} is at ${offset} of ${topic}/${partition}, not at ${expected}`)
  }
  if (options.atomic === false) {
    write(memory, emitted)
    fault('mid-commit')
  } else {
    fault('mid-commit')
    write(memory, emitted)
  }
  write(memory, state)
  groups.set(group, topic, partition, { offset: nextOffset, keepFrom, atMs: memory.now() })
  fault('after-commit')
}

function write(memory: Memory, slices: readonly Slice[]): number[] {
  const timestamp = memory.now()
  const bases = slices.map(({ topic, partition, records }) =>
    appendTo(partitionOf(memory, topic, partition), records, timestamp),
  )
  for (const { topic, partition } of slices) memory.subscribers.tell(topic, partition)
  return bases
}

function retain(memory: Memory, nowMs: number): Retained {
  const { retentionMs = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = memory.options
  const all = [...memory.partitions.values()].flat()
  for (const partition of all) if (partition.cleanup === 'compact') dropTombstones(partition, nowMs)
  const heads = all.filter(({ cleanup }) => cleanup === 'delete').map(headsOf)
  return removeOldest(heads, memory.groups, sizeOf(memory), { retentionMs, maxBytes }, nowMs)
}

function sizeOf(memory: Memory): number {
  let bytes = 0
  for (const ofTopic of memory.partitions.values()) for (const partition of ofTopic) bytes += partition.bytes
  return bytes
}

function partitionsOf(memory: Memory, topic: string): readonly MemoryPartition[] {
  specOf(memory.table, topic)
  return memory.partitions.get(topic)!
}

function partitionOf(memory: Memory, topic: string, partition: number): MemoryPartition {
  const found = partitionsOf(memory, topic)[partition]
  if (found !== undefined) return found
  throw failure('input', `${topic} has no partition ${partition}; it has ${memory.options.partitions}`)
}

function checkOpen(memory: Memory): void {
  if (memory.closed) throw failure('unavailable', 'the log is closed')
}
