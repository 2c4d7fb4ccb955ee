/**
 * The bytes of a stored batch: consecutive records of one partition in one value of the store. One value per
 * append and partition instead of one per record is what makes the embedded log fast (decision 0003).
 *
 * Layout, little endian; `varint` = unsigned LEB128; text is UTF-8:
 *   u8 version | u8 flags (1: records carry headers) | u16 zero | u32 count
 *   f64 base offset | f64 timestamp (epoch ms, of the append)
 *   count × { varint key bytes + 1 (0: no key), key | varint value bytes + 1 (0: tombstone), value
 *             | with flag 1: varint headers, headers × { varint bytes, name | varint bytes, text } }
 */
import { failure } from '../core/errors.ts'
import { pageOf } from '../core/page.ts'
import { PagedRecord } from '../core/paged-record.ts'
import { EMPTY_HEADERS, type Headers, type LogRecord, type NewRecord } from '../core/ports.ts'
import { keyText } from './key-text.ts'

export const BATCH_VERSION = 1

const HEAD_BYTES = 24
const FLAG_HEADERS = 1
/** Longest text that is written character by character; above it Node's own writer is quicker. */
const SHORT_TEXT = 64
const FIRST_SCRATCH_BYTES = 256 * 1024
/** A scratch that had to grow beyond this is given back after use. */
const KEPT_SCRATCH_BYTES = 4 * 1024 * 1024

type Storable = Pick<NewRecord, 'key' | 'value' | 'headers'>

/** What a batch says of itself without being decoded. */
export interface BatchHead {
  readonly base: number
  readonly count: number
  readonly timestamp: number
}

let scratch: Buffer = Buffer.allocUnsafeSlow(FIRST_SCRATCH_BYTES)

/** Most bytes that a record takes in a batch (a UTF-16 unit is at most 3 bytes of UTF-8). */
export function storedBytesAtMost(record: Storable): number {
  let bytes = 15 + (record.key?.length ?? 0) * 3 + (record.value?.length ?? 0)
  const headers = record.headers
  if (headers !== undefined && headers !== EMPTY_HEADERS) {
    for (const name in headers) bytes += 10 + (name.length + headers[name]!.length) * 3
  }
  return bytes
}

/**
 * @param records at least one
 * @param base offset of the first; the others follow it without holes
 * @param timestamp epoch ms
 * @returns bytes of their own, which share nothing with the records
 */
export function encodeBatch(records: readonly Storable[], base: number, timestamp: number): Buffer {
  let most = HEAD_BYTES
  let withHeaders = false
  for (const record of records) {
    most += storedBytesAtMost(record)
    withHeaders ||= countHeaders(record.headers) > 0
  }
  if (scratch.length < most) scratch = Buffer.allocUnsafeSlow(most)
  const out = scratch
  let at = HEAD_BYTES
  for (const record of records) {
    at = record.key === null ? writeVarint(out, at, 0) : writeText(out, at, record.key, 1)
    at = writeValue(out, at, record.value)
    if (withHeaders) at = writeHeaders(out, at, record.headers)
  }
  out.writeUInt32LE(BATCH_VERSION | (withHeaders ? FLAG_HEADERS << 8 : 0), 0)
  out.writeUInt32LE(records.length, 4)
  out.writeDoubleLE(base, 8)
  out.writeDoubleLE(timestamp, 16)
  const bytes = Buffer.allocUnsafeSlow(at)
  out.copy(bytes, 0, 0, at)
  if (scratch.length > KEPT_SCRATCH_BYTES) scratch = Buffer.allocUnsafeSlow(FIRST_SCRATCH_BYTES)
  return bytes
}

/** Reads the head; a batch of a newer format fails with `log-version`. */
export function batchHead(bytes: Buffer): BatchHead {
  if (bytes[0] !== BATCH_VERSION) {
    throw failure(
      'log-version',
      `a batch in the log has format ${bytes[0]}, this program reads format ${BATCH_VERSION}: use the newer program that wrote it`,
    )
  }
  return { base: bytes.readDoubleLE(8), count: bytes.readUInt32LE(4), timestamp: bytes.readDoubleLE(16) }
}

/**
 * Appends the records with offset in [from, to) to `into`, at most `limit` of them.
 * Values lie on `bytes`; nothing is copied.
 * @returns how many were appended
 */
export function decodeBatch(
  bytes: Buffer,
  from: number,
  to: number,
  limit: number,
  into: LogRecord[],
): number {
  const { base, count, timestamp } = batchHead(bytes)
  const withHeaders = (bytes[1]! & FLAG_HEADERS) !== 0
  reader.bytes = bytes
  reader.at = HEAD_BYTES
  const end = Math.min(base + count, to)
  const page = pageOf(bytes)
  let taken = 0
  for (let offset = base; offset < end && taken < limit; offset++) {
    const wanted = offset >= from
    const key = readText(1, wanted)
    const start = passValue()
    const behind = reader.at
    const headers = withHeaders ? readHeaders() : EMPTY_HEADERS
    if (!wanted) continue
    into.push(new PagedRecord(offset, timestamp, key, headers, page, start, behind))
    taken++
  }
  return taken
}

/** Position in the batch being decoded; one for all, as decoding never pauses. */
const reader: { bytes: Buffer; at: number } = { bytes: scratch, at: 0 }

function readVarint(): number {
  const { bytes } = reader
  let byte = bytes[reader.at++]!
  if (byte < 0x80) return byte
  let value = byte & 0x7f
  let factor = 0x80
  do {
    byte = bytes[reader.at++]!
    value += (byte & 0x7f) * factor
    factor *= 0x80
  } while (byte >= 0x80)
  return value
}

/** @param bias added to the length when it was written; a length of 0 with bias 1 is `null` */
function readText(bias: 0 | 1, wanted: boolean): string | null {
  const length = readVarint() - bias
  if (length < 0) return null
  const start = reader.at
  reader.at += length
  return wanted ? keyText(reader.bytes, start, start + length) : null
}

/** Moves behind a value; returns where it begins, -1 when there is none. */
function passValue(): number {
  const length = readVarint() - 1
  if (length < 0) return -1
  const start = reader.at
  reader.at += length
  return start
}

function readHeaders(): Headers {
  const count = readVarint()
  if (count === 0) return EMPTY_HEADERS
  const entries: [string, string][] = []
  for (let i = 0; i < count; i++) entries.push([readText(0, true) ?? '', readText(0, true) ?? ''])
  return Object.fromEntries(entries)
}

function countHeaders(headers: Headers | undefined): number {
  return headers === undefined || headers === EMPTY_HEADERS ? 0 : Object.keys(headers).length
}

function writeVarint(out: Buffer, at: number, value: number): number {
  let rest = value
  let next = at
  while (rest >= 0x80) {
    out[next++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  out[next++] = rest
  return next
}

function writeText(out: Buffer, at: number, text: string, bias: 0 | 1): number {
  const length = text.length
  if (length <= SHORT_TEXT) {
    let seen = 0
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      out[at + 1 + i] = code
      seen |= code
    }
    if (seen < 0x80) {
      out[at] = length + bias
      return at + 1 + length
    }
  }
  const start = writeVarint(out, at, Buffer.byteLength(text) + bias)
  return start + out.write(text, start)
}

function writeValue(out: Buffer, at: number, value: Uint8Array | null): number {
  if (value === null) return writeVarint(out, at, 0)
  const start = writeVarint(out, at, value.length + 1)
  out.set(value, start)
  return start + value.length
}

function writeHeaders(out: Buffer, at: number, headers: Headers | undefined): number {
  let next = writeVarint(out, at, countHeaders(headers))
  if (headers === undefined) return next
  for (const name of Object.keys(headers)) {
    next = writeText(out, next, name, 0)
    next = writeText(out, next, headers[name]!, 0)
  }
  return next
}
