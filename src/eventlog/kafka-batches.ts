/** From slices of records to batches that the topics take: none larger than `max.message.bytes`. */
import type { KafkaCompression } from '../config/settings.ts'
import { failure } from '../core/errors.ts'
import type { NewRecord } from '../core/ports.ts'
import { BATCH_HEAD_BYTES, encodeBatch, type Writer } from './kafka-batch.ts'
import type { Sending } from './kafka-produce.ts'
import { recordBytes } from './kafka-record.ts'
import type { Slice } from './route.ts'

/** Most bytes of records in a batch: larger ones gain nothing and hold up the connection. */
const MOST_BATCH_BYTES = 1024 * 1024
/** A producer is replaced before its sequence numbers, which have 31 bits, come round. */
export const MOST_SEQUENCE = 2 ** 30

export interface Packing {
  readonly writer: Writer
  /** Next sequence number of each `topic/partition`; moved on by what is packed. */
  readonly sequences: Map<string, number>
  /** Epoch ms. */
  readonly timestamp: number
  readonly compression: KafkaCompression
  /** Largest batch of a topic. */
  mostBytes(topic: string): number
}

/** A batch, and where its records stand in their slice. */
export interface Packed extends Sending {
  readonly slice: Slice
  readonly start: number
  readonly count: number
}

/** @throws failure 'input' for a record that is too large for its topic; nothing may have been sent before */
export function checkSizes(slices: readonly Slice[], mostBytes: (topic: string) => number): void {
  for (const { topic, records } of slices) {
    const most = mostBytes(topic)
    for (const record of records) {
      const bytes = BATCH_HEAD_BYTES + recordBytes(record, 0)
      if (bytes <= most) continue
      throw failure(
        'input',
        `a record for ${topic} needs ${bytes} bytes, the topic takes ${most}: raise its max.message.bytes`,
      )
    }
  }
}

/**
 * Batches in rounds: within a round at most one for each partition, as Kafka has it; a round follows when the one before
 * is answered.
 */
export function packRounds(slices: readonly Slice[], packing: Packing): readonly (readonly Packed[])[] {
  const rounds: Packed[][] = []
  for (const slice of slices) {
    cutsOf(slice.records, Math.min(MOST_BATCH_BYTES, packing.mostBytes(slice.topic))).forEach(
      ([start, end], round) => {
        const batches = rounds[round] ?? []
        rounds[round] = batches
        batches.push(pack(slice, start, end, packing))
      },
    )
  }
  return rounds
}

/** The same records again, as another writer sends them. */
export function repack({ slice, start, count }: Packed, packing: Packing): Packed {
  return pack(slice, start, start + count, packing)
}

function pack(slice: Slice, start: number, end: number, packing: Packing): Packed {
  const { topic, partition } = slice
  const { writer, sequences, timestamp, compression } = packing
  const name = `${topic}/${partition}`
  const sequence = sequences.get(name) ?? 0
  const count = end - start
  sequences.set(name, sequence + count)
  const records = count === slice.records.length ? slice.records : slice.records.slice(start, end)
  const bytes = encodeBatch(records, { writer, sequence, timestamp, compression })
  return { topic, partition, bytes, slice, start, count }
}

/** [start, end) of each batch; a larger record is a batch of its own. */
function cutsOf(records: readonly NewRecord[], mostBytes: number): [number, number][] {
  const cuts: [number, number][] = []
  let start = 0
  let bytes = BATCH_HEAD_BYTES
  records.forEach((record, at) => {
    const more = recordBytes(record, at - start)
    if (bytes + more > mostBytes && at > start) {
      cuts.push([start, at])
      start = at
      bytes = BATCH_HEAD_BYTES
    }
    bytes += more
  })
  if (records.length > start) cuts.push([start, records.length])
  return cuts
}
