/**
 * From records as they are given to slices of partitions: what every adapter does first with an append or
 * with a batch's effects. All checks happen here, before anything is written.
 */
import { failure } from '../core/errors.ts'
import { partitionOf } from '../core/murmur2.ts'
import type { NewRecord, Position } from '../core/ports.ts'
import { TOPICS, type Topic, type TopicNames, type TopicSpec } from '../core/topics.ts'
import { storedBytesAtMost } from './codec.ts'

/** Largest record that the log takes. */
export const MOST_RECORD_BYTES = 16 * 1024 * 1024
/** Longest key of a compacted topic in bytes of UTF-8: such keys are keys of the store, which has its own limit. */
export const MOST_COMPACTED_KEY_BYTES = 1024

export type TopicTable = ReadonlyMap<string, TopicSpec>

/** Full name → clean-up, of the topics that the settings name. */
export function topicTable(names: TopicNames): TopicTable {
  const topics = Object.keys(TOPICS) as Topic[]
  return new Map(topics.map((topic) => [names[topic], TOPICS[topic]]))
}

/** The spec of a topic; `input` when there is no such topic. */
export function specOf(table: TopicTable, topic: string): TopicSpec {
  const spec = table.get(topic)
  if (spec !== undefined) return spec
  throw failure('input', `the log has no topic ${topic}; it has ${[...table.keys()].join(', ')}`)
}

/** Records of one partition, in the order in which they were given. */
export interface Slice {
  readonly topic: string
  readonly partition: number
  readonly records: NewRecord[]
  /** Where each record stood in the request. */
  readonly places: number[]
}

/**
 * @param records what to write
 * @param table known topics
 * @param partitions count of partitions
 * @param forced the partition that all records go to, whatever their key (state of a partition)
 */
export function route(
  records: readonly NewRecord[],
  table: TopicTable,
  partitions: number,
  forced?: number,
): Slice[] {
  const byTopic = new Map<string, (Slice | undefined)[]>()
  const slices: Slice[] = []
  for (let place = 0; place < records.length; place++) {
    const record = records[place]!
    let ofTopic = byTopic.get(record.topic)
    if (ofTopic === undefined) {
      specOf(table, record.topic)
      ofTopic = new Array<Slice | undefined>(partitions)
      byTopic.set(record.topic, ofTopic)
    }
    const partition = forced ?? placeOf(record, partitions)
    checkRecord(record, table)
    let slice = ofTopic[partition]
    if (slice === undefined) {
      slice = { topic: record.topic, partition, records: [], places: [] }
      ofTopic[partition] = slice
      slices.push(slice)
    }
    slice.records.push(record)
    slice.places.push(place)
  }
  return slices
}

/** Positions of a request's records, in its order. `bases` = first offset of each slice. */
export function positionsOf(
  slices: readonly Slice[],
  bases: readonly number[],
  count: number,
): readonly Position[] {
  const positions = new Array<Position>(count)
  slices.forEach(({ topic, partition, places }, index) => {
    const base = bases[index]!
    for (let i = 0; i < places.length; i++) positions[places[i]!] = { topic, partition, offset: base + i }
  })
  return positions
}

/** A processor's state may go nowhere but to the state topic. */
export function checkState(slices: readonly Slice[], stateTopic: string): void {
  const wrong = slices.find((slice) => slice.topic !== stateTopic)
  if (wrong === undefined) return
  throw failure('input', `state must be written to ${stateTopic}, not to ${wrong.topic}`)
}

/** A record without partition and without key goes to partition 0: nothing binds it to another. */
function placeOf(record: NewRecord, partitions: number): number {
  const { partition, key } = record
  if (partition === undefined) return key === null ? 0 : partitionOf(key, partitions)
  if (Number.isInteger(partition) && partition >= 0 && partition < partitions) return partition
  throw failure(
    'input',
    `partition ${partition} of ${record.topic}: the log has partitions 0 to ${partitions - 1}`,
  )
}

function checkRecord(record: NewRecord, table: TopicTable): void {
  const bytes = storedBytesAtMost(record)
  if (bytes > MOST_RECORD_BYTES) {
    throw failure(
      'input',
      `a record for ${record.topic} needs ${bytes} bytes, the log takes ${MOST_RECORD_BYTES}`,
    )
  }
  if (table.get(record.topic)?.cleanup !== 'compact') return
  if (record.key === null) {
    throw failure('input', `a record for the compacted topic ${record.topic} has no key`)
  }
  if (record.key.length * 3 > MOST_COMPACTED_KEY_BYTES) {
    const keyBytes = Buffer.byteLength(record.key)
    if (keyBytes <= MOST_COMPACTED_KEY_BYTES) return
    throw failure(
      'input',
      `a key of the compacted topic ${record.topic} has ${keyBytes} bytes, the log takes ${MOST_COMPACTED_KEY_BYTES}`,
    )
  }
}
