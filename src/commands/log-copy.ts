/**
 * The readings of one log appended to another, through the port of both: what `copy-log` does once it has opened them.
 * The order of each asset is kept: an asset is in one partition, and partitions are copied one after another.
 */
import { failure, messageOf } from '../core/errors.ts'
import type { Bounds, EventLog, LogRecord, NewRecord } from '../core/ports.ts'
import { RECORD_TYPE, type TopicNames } from '../core/topics.ts'

export interface LogCopy {
  readonly from: EventLog
  readonly to: EventLog
  /** Full name of the readings' topic in `from`. */
  readonly fromTopic: string
  /** Names of topics in `to`. */
  readonly topics: Pick<TopicNames, 'readings' | 'state'>
  /** Most records in one append. */
  readonly batchRecords: number
  /** Told after each partition. */
  onPartition?(partition: number, records: number): void
}

export interface Copied {
  readonly readings: number
  readonly commands: number
  readonly ticks: number
  /** Ticks that stayed behind: they belong to a partition, and the other log has another count of these. */
  readonly ticksLeftOut: number
}

/** Bytes of values at which an append is closed, whatever its count. */
const BATCH_BYTES = 1024 * 1024

type Kind = 'readings' | 'commands' | 'ticks'

interface Counts {
  readings: number
  commands: number
  ticks: number
  ticksLeftOut: number
}

/**
 * Copies what `from` holds now. Nothing else may write to either meanwhile.
 * @throws failure 'conflict' when the other log holds readings already (an engine would meet old ones behind new ones),
 *   or holds another count afterwards; what the logs fail with, with how far the copy had come
 */
export async function copyReadings(copy: LogCopy): Promise<Copied> {
  const { from, to, fromTopic, topics } = copy
  await checkEmpty(copy)
  const counts: Counts = { readings: 0, commands: 0, ticks: 0, ticksLeftOut: 0 }
  const ends = await from.bounds(fromTopic)
  try {
    for (const [partition, { start, end }] of ends.entries()) {
      await copyPartition(copy, partition, start, end, counts)
    }
  } catch (error) {
    throw failure(
      'unavailable',
      `the copy broke off after ${taken(counts)} records (${messageOf(error)}); remove the topics of the half copy, ` +
        'then copy again',
      error,
    )
  }
  const there = heldBy(await to.bounds(topics.readings))
  if (there !== taken(counts)) {
    throw failure(
      'conflict',
      `${taken(counts)} records were copied, and ${topics.readings} holds ${there}: somebody else wrote to it; stop ` +
        'ingest and engines, remove the topics, then copy again',
    )
  }
  return counts
}

async function checkEmpty({ to, topics }: LogCopy): Promise<void> {
  for (const topic of [topics.readings, topics.state]) {
    const bounds = await to.bounds(topic)
    if (bounds.every(({ end }) => end === 0)) continue
    throw failure(
      'conflict',
      `${topic} is in use already (${heldBy(bounds)} records): old readings would come behind new ones. Copy before ` +
        'the first start on Kafka, or into topics of another name (log.prefix); topics of a copy that broke off must ' +
        'be removed first (kafka-topics --delete)',
    )
  }
}

async function copyPartition(
  copy: LogCopy,
  partition: number,
  start: number,
  end: number,
  counts: Counts,
): Promise<void> {
  const { from, to, fromTopic, topics, batchRecords, onPartition } = copy
  const samePartitions = from.partitions === to.partitions
  let batch: NewRecord[] = []
  let bytes = 0
  let copied = 0
  const flush = async () => {
    if (batch.length > 0) await to.append(batch)
    copied += batch.length
    batch = []
    bytes = 0
  }
  for await (const records of from.read(fromTopic, partition, start, end)) {
    for (const record of records) {
      const kind = kindOf(record)
      if (kind === 'ticks' && !samePartitions) {
        counts.ticksLeftOut++
        continue
      }
      batch.push(newRecord(topics.readings, record, samePartitions ? partition : null))
      counts[kind]++
      bytes += record.value?.length ?? 0
      if (batch.length >= batchRecords || bytes >= BATCH_BYTES) await flush()
    }
    // What is read belongs to the log until the next chunk is asked for.
    await flush()
  }
  onPartition?.(partition, copied)
}

function kindOf({ headers }: LogRecord): Kind {
  // A pulse is of the clock, too: it tells partitions of each other, and there may be others of them.
  if (headers.type === RECORD_TYPE.tick || headers.type === RECORD_TYPE.pulse) return 'ticks'
  return headers.type === RECORD_TYPE.command ? 'commands' : 'readings'
}

/** @param partition where it stood, when the other log has as many; else its key decides anew */
function newRecord(topic: string, { key, value, headers }: LogRecord, partition: number | null): NewRecord {
  return { topic, key, value, headers, ...(partition === null ? {} : { partition }) }
}

function taken({ readings, commands, ticks }: Counts): number {
  return readings + commands + ticks
}

function heldBy(bounds: readonly Bounds[]): number {
  return bounds.reduce((records, { start, end }) => records + end - start, 0)
}
