/**
 * A partition as a Kafka broker keeps it: record batches, the open transactions that hold the last stable offset down,
 * aborted ones, and of each producer its epoch and last sequence numbers. Pure; part of the simulated brokers.
 */

import { crc32c } from '@node-rs/crc32'
import type { LogRecord } from '../../../src/core/ports.ts'
import { type Aborted, encodeBatch } from '../../../src/eventlog/kafka-batch.ts'
import { decodeBatches } from '../decode-batches.ts'
import { CODE } from './code.ts'

const ATTRIBUTES_AT = 21
const CRC_AT = 17
const TRANSACTIONAL = 0x10
const CONTROL = 0x20
/** Batches of a producer that are known again when they come twice. */
const REMEMBERED = 5

interface Stored {
  readonly base: number
  readonly last: number
  readonly bytes: Buffer
}

interface Producer {
  epoch: number
  /** First and last sequence numbers, and offset. */
  batches: { readonly first: number; readonly last: number; readonly base: number }[]
}

export interface BrokerPartition {
  readonly topic: string
  readonly partition: number
  /** What a fetch sees; compaction and retention take from it. */
  batches: Stored[]
  /** All that was ever written. */
  readonly history: Stored[]
  start: number
  end: number
  /** First offset of the open transaction of a producer. */
  readonly open: Map<bigint, number>
  readonly aborted: (Aborted & { readonly marker: number })[]
  readonly producers: Map<bigint, Producer>
  /** Called when it has grown or its transactions have ended. */
  readonly waiting: Set<() => void>
}

export function createPartition(topic: string, partition: number): BrokerPartition {
  return {
    topic,
    partition,
    batches: [],
    history: [],
    start: 0,
    end: 0,
    open: new Map(),
    aborted: [],
    producers: new Map(),
    waiting: new Set(),
  }
}

/** The end of what is decided: nothing behind it is shown to readers of committed records. */
export function stableOf({ open, end }: BrokerPartition): number {
  return Math.min(end, ...open.values())
}

export interface AppendRules {
  /** Whether the producer may begin here: asked for the first batch of a transaction. 0, or an error code. */
  verify(producerId: bigint, epoch: number): number
  /** Mutation: transactions may use sequence numbers again. */
  readonly ignoreSequences: boolean
}

/** A batch as it came over the wire. Returns an error code, and the offset of the first record. */
export function appendBatch(
  at: BrokerPartition,
  bytes: Buffer,
  rules: AppendRules,
): { errorCode: number; baseOffset: number } {
  const producerId = bytes.readBigInt64BE(43)
  const epoch = bytes.readInt16BE(51)
  const first = bytes.readInt32BE(53)
  const known = at.producers.get(producerId)
  const refused = (errorCode: number) => ({ errorCode, baseOffset: -1 })
  if (known !== undefined && epoch < known.epoch) return refused(CODE.INVALID_PRODUCER_EPOCH)
  const producer = known === undefined || epoch > known.epoch ? { epoch, batches: [] } : known
  const last = first + bytes.readInt32BE(57) - 1
  const isTransactional = (bytes.readInt16BE(ATTRIBUTES_AT) & TRANSACTIONAL) !== 0
  if (!(rules.ignoreSequences && isTransactional)) {
    const same = producer.batches.find((one) => one.first === first && one.last === last)
    if (same !== undefined) return { errorCode: 0, baseOffset: same.base }
    const next = (producer.batches.at(-1)?.last ?? -1) + 1
    if (first !== next) return refused(first < next ? CODE.DUPLICATE_SEQUENCE : CODE.OUT_OF_ORDER_SEQUENCE)
  }
  if (isTransactional && !at.open.has(producerId)) {
    const errorCode = rules.verify(producerId, epoch)
    if (errorCode !== 0) return refused(errorCode)
    at.open.set(producerId, at.end)
  }
  producer.batches = [...producer.batches, { first, last, base: at.end }].slice(-REMEMBERED)
  at.producers.set(producerId, producer)
  return { errorCode: 0, baseOffset: store(at, bytes) }
}

/** Ends the transaction of a producer here; with a higher epoch, whatever still comes with the old one is refused. */
export function writeMarker(at: BrokerPartition, producerId: bigint, epoch: number, isCommit: boolean): void {
  const firstOffset = at.open.get(producerId)
  if (firstOffset !== undefined && !isCommit) at.aborted.push({ producerId, firstOffset, marker: at.end })
  at.open.delete(producerId)
  const known = at.producers.get(producerId)
  if (known === undefined || known.epoch < epoch) at.producers.set(producerId, { epoch, batches: [] })
  store(at, markerBatch(producerId, epoch, isCommit))
}

function store(at: BrokerPartition, sent: Buffer): number {
  const base = at.end
  const bytes = Buffer.from(sent)
  bytes.writeBigInt64BE(BigInt(base), 0)
  at.end = base + bytes.readInt32BE(23) + 1
  const stored = { base, last: at.end - 1, bytes }
  at.batches.push(stored)
  at.history.push(stored)
  tell(at)
  return base
}

function tell({ waiting }: BrokerPartition): void {
  const told = [...waiting]
  waiting.clear()
  for (const one of told) one()
}

/** A control batch: i16 version and i16 type as its key, i16 version and i32 coordinator epoch as its value. */
function markerBatch(producerId: bigint, producerEpoch: number, isCommit: boolean): Buffer {
  const key = `\0\0\0${isCommit ? '\u0001' : '\0'}`
  const bytes = encodeBatch([{ topic: '', key, value: new Uint8Array(6) }], {
    writer: { producerId, producerEpoch, transactional: true },
    sequence: -1,
    timestamp: 0,
    compression: 'none',
  })
  bytes.writeInt16BE(TRANSACTIONAL | CONTROL, ATTRIBUTES_AT)
  bytes.writeUInt32BE(crc32c(bytes.subarray(ATTRIBUTES_AT)), CRC_AT)
  return bytes
}

/** What a fetch with isolation `read_committed` answers from `offset` on: at most `most` batches, the last cut short. */
export function fetchFrom(
  at: BrokerPartition,
  offset: number,
  most: number,
): { readonly bytes: Buffer; readonly aborted: readonly Aborted[] } {
  const stable = stableOf(at)
  const found = at.batches.filter(({ base, last }) => last >= offset && base < stable)
  const next = found[most]
  const bytes = found.slice(0, most).map((batch) => batch.bytes)
  // A broker cuts where the bytes asked for end, be it in the middle of a batch.
  if (next !== undefined) bytes.push(next.bytes.subarray(0, next.bytes.length >> 1))
  return { bytes: Buffer.concat(bytes), aborted: at.aborted.filter(({ marker }) => marker >= offset) }
}

/** First offset whose record was written at `timestamp` (epoch ms) or later; -1 where there is none. */
export function offsetAtTime(at: BrokerPartition, timestamp: number): number {
  const found = at.batches.find(
    ({ base, bytes }) => base >= at.start && Number(bytes.readBigInt64BE(35)) >= timestamp,
  )
  return found?.base ?? -1
}

export function deleteBefore(at: BrokerPartition, offset: number): void {
  at.start = Math.max(at.start, offset)
  at.batches = at.batches.filter(({ last }) => last >= at.start)
}

/** Removes batches of whose records each has a later one with its key; never the last batch, as brokers have it. */
export function compact(at: BrokerPartition): void {
  const stable = stableOf(at)
  const decided = at.batches.filter(({ last }) => last < stable)
  const latest = new Map<string | null, number>()
  const recordsOf = new Map(decided.map((batch) => [batch, committedOf(at, [batch])]))
  for (const batch of decided) for (const { key, offset } of recordsOf.get(batch)!) latest.set(key, offset)
  const gone = decided.filter(
    (batch) =>
      !isControl(batch) && recordsOf.get(batch)!.every(({ key, offset }) => latest.get(key)! > offset),
  )
  const lastOne = at.batches.at(-1)
  at.batches = at.batches.filter((batch) => batch === lastOne || !gone.includes(batch))
}

function isControl({ bytes }: Stored): boolean {
  return (bytes.readInt16BE(ATTRIBUTES_AT) & CONTROL) !== 0
}

/** Records of batches that are committed, to the last stable offset. */
export function committedOf(at: BrokerPartition, batches: readonly Stored[] = at.history): LogRecord[] {
  const stable = stableOf(at)
  const decided = batches.filter(({ base }) => base < stable)
  const bytes = Buffer.concat(decided.map((batch) => batch.bytes))
  const aborted = at.aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
  if (batches === at.history) return decodeBatches(bytes, 0, aborted).records
  // A piece of a partition: an aborted transaction counts where it lies around the piece.
  return decided.flatMap((batch) => {
    const producerId = batch.bytes.readBigInt64BE(43)
    const isAborted = aborted.some(
      (one) => one.producerId === producerId && one.firstOffset <= batch.base && batch.base <= one.marker,
    )
    return isAborted ? [] : decodeBatches(batch.bytes, 0, []).records
  })
}
