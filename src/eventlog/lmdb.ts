/**
 * The embedded event log: LMDB in the data folder, in the process that owns it. Durable: an append resolves
 * after its commit is on disk. Atomic: a batch's effects, state and position are one transaction.
 */
import { failure } from '../core/errors.ts'
import type { EventLog, NewRecord, Position } from '../core/ports.ts'
import type { TopicNames } from '../core/topics.ts'
import { storedBytesAtMost } from './codec.ts'
import { workExclusively } from './exclusive.ts'
import type { Commit, FollowedLog } from './followed.ts'
import { createFollower, type DrivenFollower } from './follower.ts'
import { createGroups, type Groups } from './groups.ts'
import { createLeases } from './leases.ts'
import { type LmdbEnv, openEnv } from './lmdb-env.ts'
import { checkPartitions, envDir, FOLDER_FORMAT, makeFolder, readFolder, writeFolder } from './lmdb-folder.ts'
import { createLane, type Lane } from './lmdb-lane.ts'
import { type Ownership, own } from './lmdb-owner.ts'
import { boundsIn, forget, forgetBefore, MOST_PARTITIONS, remember } from './lmdb-partition.ts'
import { type Lookup, lookupIn, partitionOf, readingOf } from './lmdb-reading.ts'
import { heldBack, stageRound } from './lmdb-retention.ts'
import type { Stage, Staged } from './lmdb-stage.ts'
import { addTopics, loadGroups, loadTopics, type PartitionTable } from './lmdb-topics.ts'
import { readRange } from './range.ts'
import type { Retained } from './retention.ts'
import { checkState, positionsOf, route, type Slice, type TopicTable, topicTable } from './route.ts'
import { type Scheduler, systemScheduler } from './scheduler.ts'
import { createSubscribers, type Subscribers } from './subscribers.ts'

export interface LmdbLogOptions {
  /** Data folder. */
  readonly dir: string
  readonly partitions: number
  readonly topics: TopicNames
  /** Group that the readings wait for, see `groups.ts`. */
  readonly group: string
  readonly retentionMs: number
  /** Size at which appends are refused; what followers commit still goes in. */
  readonly maxBytes: number
  /** Epoch ms. */
  readonly now?: () => number
  readonly scheduler?: Scheduler
}

export interface LmdbLog extends EventLog {
  /** One round of retention at `nowMs`. */
  retain(nowMs: number): Promise<Retained>
  /** Room that the records take. */
  sizeBytes(): number
}

/** Everything of an open log. */
interface Lmdb {
  readonly options: LmdbLogOptions
  readonly env: LmdbEnv
  readonly lane: Lane
  readonly table: TopicTable
  readonly partitions: PartitionTable
  readonly lookup: Lookup
  readonly groups: Groups
  readonly subscribers: Subscribers
  readonly scheduler: Scheduler
  readonly now: () => number
  sizeBytes: number
  closed: boolean
}

/**
 * Opens the data folder, makes it when there is none, and becomes its owner. Fails with `log-locked` (the
 * owner's pid in the message), `log-version`, `config` (other count of partitions) or `log-unavailable`.
 */
export async function openLmdbLog(options: LmdbLogOptions): Promise<LmdbLog> {
  const { dir, partitions } = options
  if (partitions > MOST_PARTITIONS) {
    throw failure('config', `log.partitions is ${partitions}, the embedded log takes ${MOST_PARTITIONS}`)
  }
  const folder = readFolder(dir)
  if (folder !== null) checkPartitions(dir, folder, partitions)
  makeFolder(dir)
  const env = await openEnv(envDir(dir), false)
  let ownership: Ownership | null = null
  try {
    ownership = await own(env, dir)
    // Somebody may have made the log between the first look and the lock.
    const settled = readFolder(dir)
    if (settled === null) writeFolder(dir, { format: FOLDER_FORMAT, partitions })
    else checkPartitions(dir, settled, partitions)
    return logOf(createLmdb(options, env), ownership)
  } catch (error) {
    await env.close()
    await ownership?.release()
    throw error
  }
}

function createLmdb(options: LmdbLogOptions, env: LmdbEnv): Lmdb {
  const { topics, group, now = Date.now, scheduler = systemScheduler } = options
  const table = topicTable(topics)
  addTopics(env, table)
  const partitions = loadTopics(env, options.partitions)
  const { retentionMs } = options
  const groups = createGroups({ expected: { group, topic: topics.readings }, retentionMs })
  loadGroups(env, partitions, groups)
  const lmdb: Lmdb = {
    options,
    env,
    lane: createLane(env, now, (staged) => applied(lmdb, staged)),
    table,
    partitions,
    lookup: lookupIn(partitions),
    groups,
    subscribers: createSubscribers(),
    scheduler,
    now,
    sizeBytes: env.sizeBytes(),
    closed: false,
  }
  return lmdb
}

function logOf(lmdb: Lmdb, ownership: Ownership): LmdbLog {
  const { options, env, lookup, scheduler } = lmdb
  const followed = followedOf(lmdb)
  const followers = new Set<DrivenFollower>()
  return {
    partitions: options.partitions,
    append: (records) => append(lmdb, records),
    follow(followOptions) {
      checkOpen(lmdb)
      lookup(followOptions.topic)
      const follower = createFollower(followed, followOptions, scheduler, () => followers.delete(follower))
      followers.add(follower)
      return follower
    },
    read(topic, partition, from, to) {
      const { end } = partitionOf(lookup, topic, partition)
      return readRange(followed, scheduler, topic, partition, from, to ?? end)
    },
    exclusively: (name, partition, work) =>
      workExclusively(followed, options.topics.state, name, partition, work),
    bounds: async (topic) => lookup(topic).map((at) => boundsIn(env, at)),
    retain: (nowMs) => retain(lmdb, nowMs),
    sizeBytes: () => lmdb.sizeBytes,
    async close() {
      if (lmdb.closed) return
      await Promise.all([...followers].map((follower) => follower.stop()))
      lmdb.closed = true
      await lmdb.lane.idle()
      await env.close()
      await ownership.release()
    },
  }
}

function followedOf(lmdb: Lmdb): FollowedLog {
  const { options, env, lookup, groups, subscribers, scheduler } = lmdb
  const leases = createLeases()
  return {
    partitions: options.partitions,
    ...readingOf(env, lookup, scheduler, options.topics.state),
    committed: (group, topic, partition) => groups.get(group, topic, partition)?.offset ?? null,
    commit: (commit) => commitAll(lmdb, commit),
    subscribe: (topic, grown) => subscribers.add(topic, grown),
    lease(group, topic, partition, granted) {
      groups.follow(group)
      return leases.acquire(`${group}\n${topic}\n${partition}`, granted)
    },
  }
}

async function append(lmdb: Lmdb, records: readonly NewRecord[]): Promise<readonly Position[]> {
  checkOpen(lmdb)
  const slices = route(records, lmdb.table, lmdb.options.partitions)
  if (lmdb.sizeBytes > lmdb.options.maxBytes) await makeRoom(lmdb)
  const bases = await lmdb.lane.submit(bytesOf(slices), (stage) => stageSlices(lmdb, stage, slices))
  return positionsOf(slices, bases, records.length)
}

async function makeRoom(lmdb: Lmdb): Promise<void> {
  const { dir, maxBytes } = lmdb.options
  await retain(lmdb, lmdb.now())
  if (lmdb.sizeBytes <= maxBytes) return
  const held = heldBack(lmdb.env, lmdb.partitions, lmdb.groups, lmdb.now())
  throw failure(
    'log-full',
    `the log in ${dir} takes ${lmdb.sizeBytes} bytes, more than log.maxBytes (${maxBytes}); not yet read: ${held.join(', ') || 'nothing, its state alone is too large'}`,
  )
}

async function commitAll(lmdb: Lmdb, commit: Commit): Promise<void> {
  checkOpen(lmdb)
  const { options, table, groups, lookup, lane } = lmdb
  const { group, topic, partition, expected, nextOffset, keepFrom } = commit
  const emitted = route(commit.emit, table, options.partitions)
  const state = route(commit.state, table, options.partitions, partition)
  checkState(state, options.topics.state)
  const at = partitionOf(lookup, topic, partition)
  await lane.submit(bytesOf(emitted) + bytesOf(state), (stage) => {
    const offset = groups.get(group, topic, partition)?.offset ?? null
    if (offset !== expected) {
      throw failure('conflict', `${group} is at ${offset} of ${topic}/${partition}, not at ${expected}`)
    }
    stageSlices(lmdb, stage, emitted)
    stageSlices(lmdb, stage, state)
    stage.setGroup(at, group, nextOffset, keepFrom)
  })
}

function stageSlices(lmdb: Lmdb, stage: Stage, slices: readonly Slice[]): number[] {
  return slices.map(({ topic, partition, records }) =>
    stage.append(partitionOf(lmdb.lookup, topic, partition), records),
  )
}

async function retain(lmdb: Lmdb, nowMs: number): Promise<Retained> {
  checkOpen(lmdb)
  const { env, partitions, groups, options, lane } = lmdb
  const retained = await lane.submit(0, (stage) => stageRound(env, stage, partitions, groups, options, nowMs))
  if (retained.batches === 0) return retained
  for (const at of [...partitions.values()].flat()) {
    if (at.recent.length > 0) forgetBefore(at, boundsIn(env, at).start)
  }
  return retained
}

/** A transaction is on disk: takes it over, then wakes the followers. */
function applied(lmdb: Lmdb, { batches, ends, positions }: Staged): void {
  const { subscribers, groups } = lmdb
  for (const [at, end] of ends) at.end = end
  for (const { at, batch } of batches) {
    if (subscribers.has(at.topic)) remember(at, batch)
    else forget(at)
  }
  for (const { at, group, position } of positions) groups.set(group, at.topic, at.partition, position)
  lmdb.sizeBytes = lmdb.env.sizeBytes()
  for (const at of ends.keys()) subscribers.tell(at.topic, at.partition)
}

function bytesOf(slices: readonly Slice[]): number {
  let bytes = 0
  for (const { records } of slices) for (const record of records) bytes += storedBytesAtMost(record)
  return bytes
}

function checkOpen(lmdb: Lmdb): void {
  if (lmdb.closed) throw failure('unavailable', `the log in ${lmdb.options.dir} is closed`)
}
