/**
 * Reads a partition as it is committed: one fetch (protocol version 11, Kafka 2.3 and later), its answer looked
 * through and checked straight from the bytes. Transactions that are open hide what lies behind them; aborted ones are
 * left out.
 */
import { type Aborted, type SoundBatch, scanBatches } from './kafka-batch.ts'
import type { WireRequest } from './kafka-protocol.ts'
import { wireError } from './kafka-wire.ts'

const FETCH_KEY = 1
const FETCH_VERSION = 11
const READ_COMMITTED = 1

export interface FetchOptions {
  readonly topic: string
  readonly partition: number
  /** First offset wanted. */
  readonly offset: number
  /** Most bytes of batches; a larger first batch comes whole. */
  readonly maxBytes: number
  /** Longest wait at the broker for something to come. */
  readonly maxWaitMs: number
}

export interface Fetched {
  /** Their records are read when they are wanted: what waits costs no more than its bytes. */
  readonly batches: readonly SoundBatch[]
  /** Where to read on: behind everything that was seen, visible or not. */
  readonly nextOffset: number
  /** First offset that the broker keeps. */
  readonly start: number
  /** End of what is committed: the first offset of the oldest open transaction, or the end. */
  readonly stable: number
}

/** @throws what the broker says instead, such as OFFSET_OUT_OF_RANGE, when the answer is awaited */
export function fetchRequest(options: FetchOptions): WireRequest<Fetched> {
  const body = encodeFetch(options)
  return {
    request: {
      apiKey: FETCH_KEY,
      apiVersion: FETCH_VERSION,
      apiName: 'Fetch',
      encode: async () => ({ buf: body, buffer: body }),
    },
    response: {
      decode: async (bytes) => decodeFetched(bytes, options),
      parse: async (fetched) => fetched,
    },
  }
}

/**
 * i32 replica | i32 wait | i32 least bytes | i32 most bytes | i8 isolation | i32 session | i32 session epoch |
 * i32 topics × { text name | i32 partitions × { i32 partition | i32 leader epoch | i64 offset | i64 log start |
 * i32 most bytes } } | i32 forgotten topics | text rack
 */
function encodeFetch({ topic, partition, offset, maxBytes, maxWaitMs }: FetchOptions): Buffer {
  const nameBytes = Buffer.byteLength(topic)
  const body = Buffer.alloc(69 + nameBytes)
  body.writeInt32BE(-1, 0)
  body.writeInt32BE(maxWaitMs, 4)
  body.writeInt32BE(1, 8)
  body.writeInt32BE(maxBytes, 12)
  body.writeInt8(READ_COMMITTED, 16)
  body.writeInt32BE(0, 17)
  body.writeInt32BE(-1, 21)
  body.writeInt32BE(1, 25)
  body.writeInt16BE(nameBytes, 29)
  body.write(topic, 31)
  const at = 31 + nameBytes
  body.writeInt32BE(1, at)
  body.writeInt32BE(partition, at + 4)
  body.writeInt32BE(-1, at + 8)
  body.writeBigInt64BE(BigInt(offset), at + 12)
  body.writeBigInt64BE(-1n, at + 20)
  body.writeInt32BE(maxBytes, at + 28)
  return body
}

/**
 * i32 throttle | i16 error | i32 session | i32 topics × { text name | i32 partitions × { i32 partition | i16 error |
 * i64 high watermark | i64 last stable | i64 log start | i32 aborted × { i64 producer | i64 first offset } |
 * i32 replica | i32 bytes of batches, batches } }
 */
function decodeFetched(bytes: Buffer, { offset }: FetchOptions): Fetched {
  failOn(bytes.readInt16BE(4))
  if (bytes.readInt32BE(10) === 0) return { batches: [], nextOffset: offset, start: 0, stable: 0 }
  let at = 14 + 2 + bytes.readInt16BE(14) + 4 + 4
  failOn(bytes.readInt16BE(at))
  const stable = Number(bytes.readBigInt64BE(at + 10))
  const start = Number(bytes.readBigInt64BE(at + 18))
  const abortedCount = Math.max(0, bytes.readInt32BE(at + 26))
  at += 30
  const aborted: Aborted[] = []
  for (let i = 0; i < abortedCount; i++, at += 16) {
    aborted.push({
      producerId: bytes.readBigInt64BE(at),
      firstOffset: Number(bytes.readBigInt64BE(at + 8)),
    })
  }
  aborted.sort((a, b) => a.firstOffset - b.firstOffset)
  const size = Math.max(0, bytes.readInt32BE(at + 4))
  const batches = bytes.subarray(at + 8, at + 8 + size)
  return { ...scanBatches(batches, offset, aborted), start, stable }
}

function failOn(code: number): void {
  if (code !== 0) throw wireError(code)
}
