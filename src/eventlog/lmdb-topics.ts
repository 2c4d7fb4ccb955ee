/**
 * The topics of a data folder: which there are, under which number their keys stand, how they are cleaned up,
 * and where their partitions end. Read when the log is opened; new topics are added then.
 */
import { failure } from '../core/errors.ts'
import type { TopicSpec } from '../core/topics.ts'
import type { Groups } from './groups.ts'
import type { LmdbEnv } from './lmdb-env.ts'
import { createLmdbPartition, type LmdbPartition, MOST_TOPICS, partitionKey } from './lmdb-partition.ts'
import type { TopicTable } from './route.ts'

const TOPICS_KEY = Buffer.from('topics')

/** Topic → its partitions. */
export type PartitionTable = Map<string, readonly LmdbPartition[]>

interface StoredTopic {
  readonly id: number
  readonly cleanup: TopicSpec['cleanup']
}

/** The topics that the folder has. */
export function loadTopics(env: LmdbEnv, partitions: number): PartitionTable {
  const table: PartitionTable = new Map()
  for (const [topic, { id, cleanup }] of readTopics(env)) {
    const ofTopic = Array.from({ length: partitions }, (_, partition) =>
      createLmdbPartition(topic, id, partition, cleanup),
    )
    for (const at of ofTopic) loadEnd(env, at)
    table.set(topic, ofTopic)
  }
  return table
}

/** Adds the topics that the settings name and the folder lacks. */
export function addTopics(env: LmdbEnv, wanted: TopicTable): void {
  const stored = readTopics(env)
  for (const [topic, { cleanup }] of wanted) {
    const there = stored.get(topic)
    if (there !== undefined && there.cleanup !== cleanup) {
      throw failure(
        'config',
        `topic ${topic} is kept by ${there.cleanup} in this log and would now be kept by ${cleanup}: give it another name (log.topics) or start a new log (log.dir)`,
      )
    }
    if (there === undefined) stored.set(topic, { id: stored.size, cleanup })
  }
  if (stored.size > MOST_TOPICS) {
    throw failure('config', `the log has ${stored.size} topics, it can have ${MOST_TOPICS}`)
  }
  const text = JSON.stringify([...stored].map(([topic, { id, cleanup }]) => [topic, id, cleanup]))
  if (env.get('meta', TOPICS_KEY)?.toString() === text) return
  env.exclusively((put) => put('meta', TOPICS_KEY, Buffer.from(text)))
}

/** Reads where a partition ends. */
export function loadEnd(env: LmdbEnv, at: LmdbPartition): void {
  at.end = env.get('meta', partitionKey('end', at, ''))?.readDoubleBE(0) ?? 0
}

/** Reads where every group stands. */
export function loadGroups(env: LmdbEnv, table: PartitionTable, groups: Groups): void {
  for (const at of [...table.values()].flat()) {
    const first = partitionKey('group', at, '')
    const behind = Buffer.concat([first, Buffer.alloc(1, 0xff)])
    for (const { key, value } of env.range('meta', first, behind)) {
      const group = key.toString('utf8', first.length)
      const [offset, keepFrom, atMs] = [0, 8, 16].map((byte) => value.readDoubleBE(byte))
      groups.set(group, at.topic, at.partition, { offset: offset!, keepFrom: keepFrom!, atMs: atMs! })
    }
  }
}

function readTopics(env: LmdbEnv): Map<string, StoredTopic> {
  const bytes = env.get('meta', TOPICS_KEY)
  if (bytes === null) return new Map()
  const rows: [string, number, TopicSpec['cleanup']][] = JSON.parse(bytes.toString())
  return new Map(rows.map(([topic, id, cleanup]) => [topic, { id, cleanup }]))
}
