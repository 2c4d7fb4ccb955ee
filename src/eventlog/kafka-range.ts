/**
 * Reads a range of a partition as it is committed, and a compacted partition as its compaction would leave it: the
 * broker compacts when it likes, but what readers see must not depend on when.
 */
import { failure } from '../core/errors.ts'
import type { LogRecord } from '../core/ports.ts'
import { storedBytesAtMost } from './codec.ts'
import type { ChunkLimits } from './followed.ts'
import { readBatch } from './kafka-batch.ts'
import type { KafkaClient } from './kafka-client.ts'
import { typeOf } from './kafka-errors.ts'
import { type Fetched, fetchRequest } from './kafka-fetch.ts'
import { boundsOfOne } from './kafka-offsets.ts'
import { RANGE_CHUNK } from './range.ts'

/** Bytes asked for at once. */
const FETCH_BYTES = 1024 * 1024
/** Most that the latest records of one compacted partition may take in memory while they are sorted out. */
const MOST_COMPACTED_BYTES = 1024 * 1024 * 1024

/** Committed records with offset in [from, to) in chunks; where the front of the range is gone, what is left of it. */
export async function* readCommitted(
  client: KafkaClient,
  topic: string,
  partition: number,
  from: number,
  to: number,
): AsyncGenerator<readonly LogRecord[]> {
  let next = from
  while (next < to) {
    const fetched = await fetchFrom(client, topic, partition, next, to)
    const records: LogRecord[] = []
    for (const batch of fetched.batches) readBatch(batch, next, records)
    yield* chunksOf(records, to)
    if (fetched.nextOffset === next) return
    next = fetched.nextOffset
    await client.scheduler.turn()
  }
}

/**
 * The latest record of each key in [from, to), tombstones among them, in offset order.
 * @param tombstonesBeforeMs epoch ms; older tombstones have stood long enough and are left out
 */
export async function latestPerKey(
  client: KafkaClient,
  topic: string,
  partition: number,
  from: number,
  to: number,
  tombstonesBeforeMs = Number.NEGATIVE_INFINITY,
): Promise<readonly LogRecord[]> {
  const latest = new Map<string, LogRecord>()
  let bytes = 0
  for await (const records of readCommitted(client, topic, partition, from, to)) {
    for (const record of records) {
      const key = record.key ?? ''
      const older = latest.get(key)
      if (older !== undefined) {
        bytes -= storedBytesAtMost(older)
        // A Map iterates in the order of insertion: inserted again, the key stands at its new offset.
        latest.delete(key)
      }
      latest.set(key, ownedCopy(record))
      bytes += storedBytesAtMost(record)
    }
    if (bytes > MOST_COMPACTED_BYTES) {
      throw failure(
        'unavailable',
        `the latest records of ${topic}/${partition} take more than ${MOST_COMPACTED_BYTES} bytes; more partitions would hold less each`,
      )
    }
  }
  return [...latest.values()].filter(
    ({ value, timestamp }) => value !== null || timestamp >= tombstonesBeforeMs,
  )
}

/** Cuts records with offset below `to` into chunks of bounded size. */
export function* chunksOf(
  records: readonly LogRecord[],
  to: number,
  limits: ChunkLimits = RANGE_CHUNK,
): Generator<readonly LogRecord[]> {
  let start = 0
  let bytes = 0
  let at = 0
  for (; at < records.length && records[at]!.offset < to; at++) {
    const more = storedBytesAtMost(records[at]!)
    if (at > start && (bytes + more > limits.bytes || at - start === limits.records)) {
      yield records.slice(start, at)
      start = at
      bytes = 0
    }
    bytes += more
  }
  if (at > start) yield records.slice(start, at)
}

async function fetchFrom(
  client: KafkaClient,
  topic: string,
  partition: number,
  offset: number,
  to: number,
): Promise<Fetched> {
  const right = { operation: 'Read', kind: 'topic', name: topic } as const
  const doing = { what: `reading ${topic}/${partition}`, right }
  return client.persist(doing, client.settings.requestTimeoutMs, async () => {
    const ask = (from: number) =>
      client.fetch(
        topic,
        partition,
        fetchRequest({ topic, partition, offset: from, maxBytes: FETCH_BYTES, maxWaitMs: 0 }),
      )
    try {
      const fetched = await ask(offset)
      if (fetched.nextOffset > offset || fetched.stable >= to) return fetched
      // A leader of a moment ago knows less of what is committed than the one before it.
      throw Object.assign(new Error(`${topic}/${partition} is known up to ${fetched.stable}, not to ${to}`), {
        type: 'OFFSET_NOT_AVAILABLE',
      })
    } catch (error) {
      if (typeOf(error) !== 'OFFSET_OUT_OF_RANGE') throw error
      const { start, end } = await boundsOfOne(client, topic, partition)
      return offset < start ? await ask(start) : { batches: [], nextOffset: offset, start, stable: end }
    }
  })
}

/** Values are views of a whole answer, which a record that stays would keep in memory. */
function ownedCopy({ offset, timestamp, key, value, headers }: LogRecord): LogRecord {
  return { offset, timestamp, key, value: value && Buffer.from(value), headers }
}
