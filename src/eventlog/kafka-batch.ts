/**
 * Kafka's record batches (kafka.apache.org/documentation/#recordbatch, magic 2), written and read whole. Our own, as
 * kafkajs's writer takes time quadratic in the records of a batch, and its reader loses its place behind batches that
 * compaction or an aborted transaction has emptied.
 *
 * Layout, big endian: i64 base offset | i32 length of the rest | i32 leader epoch | i8 magic | u32 CRC-32C of the rest |
 *   i16 attributes | i32 last offset delta | i64 base timestamp | i64 latest timestamp | i64 producer id |
 *   i16 producer epoch | i32 first sequence | i32 count | records (`kafka-record.ts`), compressed together
 */
import { crc32c } from '@node-rs/crc32'
import type { KafkaCompression } from '../config/settings.ts'
import { failure, messageOf } from '../core/errors.ts'
import type { LogRecord, NewRecord } from '../core/ports.ts'
import { compress, decompress } from './kafka-codecs.ts'

import {
  type RecordContext,
  readerOf,
  readKey,
  readRecord,
  recordBytes,
  writeRecord,
} from './kafka-record.ts'

export const BATCH_HEAD_BYTES = 61
/** Bytes before the length field's own end: what `length` does not count. */
const LENGTH_END = 12
const MAGIC_AT = 16
const CRC_AT = 17
const CHECKED_FROM = 21
const MAGIC = 2
const CODEC_MASK = 0x07
const APPEND_TIME = 0x08
const TRANSACTIONAL = 0x10
const CONTROL = 0x20
/** Type of a control record that ends an aborted transaction. */
const ABORT_MARKER = 0

/** Who writes a batch, and its place in what they write. */
export interface Writer {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly transactional: boolean
}

export interface BatchOptions {
  readonly writer: Writer
  /** Sequence number of the first record: rises by one per record and partition. */
  readonly sequence: number
  /** Epoch ms, of all records. */
  readonly timestamp: number
  readonly compression: KafkaCompression
}

/** @param records at least one; together with the head they must be within what the topic takes */
export function encodeBatch(records: readonly NewRecord[], options: BatchOptions): Buffer {
  const { writer, sequence, timestamp, compression } = options
  let bytes = 0
  records.forEach((record, index) => {
    bytes += recordBytes(record, index)
  })
  const plain = Buffer.allocUnsafe(BATCH_HEAD_BYTES + bytes)
  let at = BATCH_HEAD_BYTES
  records.forEach((record, index) => {
    at = writeRecord(plain, at, record, index)
  })
  const packed = compress(compression, plain.subarray(BATCH_HEAD_BYTES))
  const batch =
    packed.codec === 0 ? plain : Buffer.concat([plain.subarray(0, BATCH_HEAD_BYTES), packed.bytes])
  batch.writeBigInt64BE(0n, 0)
  batch.writeInt32BE(batch.length - LENGTH_END, 8)
  batch.writeInt32BE(-1, LENGTH_END)
  batch[MAGIC_AT] = MAGIC
  batch.writeInt16BE(packed.codec | (writer.transactional ? TRANSACTIONAL : 0), CHECKED_FROM)
  batch.writeInt32BE(records.length - 1, 23)
  batch.writeBigInt64BE(BigInt(timestamp), 27)
  batch.writeBigInt64BE(BigInt(timestamp), 35)
  batch.writeBigInt64BE(writer.producerId, 43)
  batch.writeInt16BE(writer.producerEpoch, 51)
  batch.writeInt32BE(sequence, 53)
  batch.writeInt32BE(records.length, 57)
  batch.writeUInt32BE(crc32c(batch.subarray(CHECKED_FROM)), CRC_AT)
  return batch
}

/** A transaction that ended in nothing, as a fetch tells it: its records from `firstOffset` on don't count. */
export interface Aborted {
  readonly producerId: bigint
  readonly firstOffset: number
}

/** A batch whose checksum is right, and that holds records which count. */
export interface SoundBatch {
  readonly bytes: Buffer
  readonly head: Head
}

export interface Scanned {
  readonly batches: readonly SoundBatch[]
  /** Behind the last whole batch, whatever it held; `from` when there was none. */
  readonly nextOffset: number
}

/**
 * Looks through consecutive batches without reading their records: those with committed records of offset `from` on; a
 * batch that is cut off at the end is left out.
 * @param aborted in the order of their first offsets
 * @throws failure 'log-version' or 'input' that names the offset, for what can't be read
 */
export function scanBatches(bytes: Buffer, from: number, aborted: readonly Aborted[]): Scanned {
  const batches: SoundBatch[] = []
  const dropping = new Set<bigint>()
  let nextAborted = 0
  let nextOffset = from
  for (let at = 0; at + LENGTH_END <= bytes.length; ) {
    const end = at + LENGTH_END + bytes.readInt32BE(at + 8)
    if (end > bytes.length) break
    const batch = bytes.subarray(at, end)
    at = end
    const head = headOf(batch)
    while (nextAborted < aborted.length && aborted[nextAborted]!.firstOffset <= head.last) {
      dropping.add(aborted[nextAborted++]!.producerId)
    }
    if (head.last < from) continue
    nextOffset = head.last + 1
    if (head.attributes & CONTROL) {
      if (markerOf(batch) === ABORT_MARKER) dropping.delete(head.producerId)
    } else if (head.count > 0 && !(head.attributes & TRANSACTIONAL && dropping.has(head.producerId))) {
      batches.push({ bytes: batch, head })
    }
  }
  return { batches, nextOffset }
}

export interface Head {
  readonly base: number
  /** Last offset that the batch stands for, also where compaction has removed its record. */
  readonly last: number
  /** Records in it: fewer than its offsets where compaction has removed some. */
  readonly count: number
  readonly attributes: number
  readonly producerId: bigint
}

function headOf(batch: Buffer): Head {
  const base = Number(batch.readBigInt64BE(0))
  if (batch[MAGIC_AT] !== MAGIC) {
    throw failure(
      'log-version',
      `the batch at offset ${base} has format ${batch[MAGIC_AT]}; formats before 2 (Kafka 0.11) are not read`,
    )
  }
  if (crc32c(batch.subarray(CHECKED_FROM)) !== batch.readUInt32BE(CRC_AT)) {
    throw failure('input', `the batch at offset ${base} is damaged: its checksum is wrong`)
  }
  return {
    base,
    last: base + batch.readInt32BE(23),
    count: batch.readInt32BE(57),
    attributes: batch.readInt16BE(CHECKED_FROM),
    producerId: batch.readBigInt64BE(43),
  }
}

/** Type of the only record of a control batch: u16 version, u16 type in its key. */
function markerOf(batch: Buffer): number {
  return readKey(readerOf(batch, BATCH_HEAD_BYTES))?.readInt16BE(2) ?? -1
}

/** Appends the records of a batch with offset from `from` on; see `eachRecord`. */
export function readBatch(batch: SoundBatch, from: number, records: LogRecord[]): void {
  eachRecord(batch, (record) => {
    if (record.offset >= from) records.push(record)
  })
}

/**
 * Reads the records of a batch one after another. Values lie on its bytes.
 * @throws failure 'input' that names the offset, for what can't be read
 */
export function eachRecord({ bytes: batch, head }: SoundBatch, visit: (record: LogRecord) => void): void {
  const { base, count, attributes } = head
  const isAppendTime = (attributes & APPEND_TIME) !== 0
  const context: RecordContext = {
    base,
    timestamp: Number(batch.readBigInt64BE(isAppendTime ? 35 : 27)),
    timestampIsFixed: isAppendTime,
  }
  const readable = <Result>(read: () => Result): Result => {
    try {
      return read()
    } catch (error) {
      throw failure('input', `the batch at offset ${base} can't be read: ${messageOf(error)}`, error)
    }
  }
  const bytes = readable(() => decompress(attributes & CODEC_MASK, batch.subarray(BATCH_HEAD_BYTES)))
  const reader = readerOf(bytes)
  const read = () => readRecord(reader, context)
  for (let i = 0; i < count; i++) visit(readable(read))
}
