/**
 * One record inside a batch of Kafka's: varint length of the rest | i8 attributes | varint timestamp delta |
 * varint offset delta | key | value | varint headers × { name, text }, where bytes are a varint length (-1: none) and
 * the bytes, and varints are zigzag LEB128.
 */
import { type Page, pageOf } from '../core/page.ts'
import { PagedRecord } from '../core/paged-record.ts'
import { EMPTY_HEADERS, type Headers, type LogRecord, type NewRecord } from '../core/ports.ts'
import { keyText } from './key-text.ts'

type Storable = Pick<NewRecord, 'key' | 'value' | 'headers'>

/** Position in a batch that is being read. */
export interface Reader {
  readonly bytes: Buffer
  /** Of the same bytes. */
  readonly page: Page
  at: number
}

export function readerOf(bytes: Buffer, at = 0): Reader {
  return { bytes, page: pageOf(bytes), at }
}

/** What a batch says of all its records. */
export interface RecordContext {
  readonly base: number
  /** Epoch ms. */
  readonly timestamp: number
  /** The brokers' time, the same for all records. */
  readonly timestampIsFixed: boolean
}

/** Longest text that is written character by character; above it Node's own writer is quicker. */
const SHORT_TEXT = 64
/** Attributes (i8) and a timestamp delta of 0. */
const FIXED_BYTES = 2

/** Bytes of the record as the `index`-th of its batch. */
export function recordBytes(record: Storable, index: number): number {
  const body = bodyBytes(record, index)
  return varintBytes(body) + body
}

/** @returns where the next record goes */
export function writeRecord(out: Buffer, start: number, record: Storable, index: number): number {
  let at = writeVarint(out, start, bodyBytes(record, index))
  out[at++] = 0
  at = writeVarint(out, at, 0)
  at = writeVarint(out, at, index)
  at = record.key === null ? writeVarint(out, at, -1) : writeText(out, at, record.key)
  if (record.value === null) at = writeVarint(out, at, -1)
  else {
    at = writeVarint(out, at, record.value.length)
    out.set(record.value, at)
    at += record.value.length
  }
  const names = headerNames(record.headers)
  at = writeVarint(out, at, names.length)
  for (const name of names) {
    at = writeText(out, at, name)
    at = writeText(out, at, record.headers?.[name] ?? '')
  }
  return at
}

/**
 * Reads the record at the reader's position.
 * @throws RangeError when the bytes end before the record
 */
export function readRecord(reader: Reader, { base, timestamp, timestampIsFixed }: RecordContext): LogRecord {
  const end = begin(reader)
  const timestampDelta = readVarint(reader)
  const offset = base + readVarint(reader)
  const key = readText(reader)
  const start = pass(reader)
  const behind = reader.at
  const headers = readHeaders(reader)
  reader.at = end
  const at = timestampIsFixed ? timestamp : timestamp + timestampDelta
  return new PagedRecord(offset, at, key, headers, reader.page, start, behind)
}

/** The key of the record at the reader's position, as a control record has it. */
export function readKey(reader: Reader): Buffer | null {
  begin(reader)
  readVarint(reader)
  readVarint(reader)
  const start = pass(reader)
  return start < 0 ? null : reader.bytes.subarray(start, reader.at)
}

/** Moves behind length and attributes; returns where the record ends. */
function begin(reader: Reader): number {
  const length = readVarint(reader)
  const end = reader.at + length
  if (length < 0 || end > reader.bytes.length) throw new RangeError('a record is cut off')
  reader.at++
  return end
}

function bodyBytes({ key, value, headers }: Storable, index: number): number {
  let bytes = FIXED_BYTES + varintBytes(index)
  bytes += key === null ? 1 : textBytes(key)
  bytes += value === null ? 1 : varintBytes(value.length) + value.length
  const names = headerNames(headers)
  bytes += varintBytes(names.length)
  for (const name of names) bytes += textBytes(name) + textBytes(headers?.[name] ?? '')
  return bytes
}

function headerNames(headers: Headers | undefined): readonly string[] {
  return headers === undefined || headers === EMPTY_HEADERS ? [] : Object.keys(headers)
}

function textBytes(text: string): number {
  const bytes = Buffer.byteLength(text)
  return varintBytes(bytes) + bytes
}

function writeText(out: Buffer, at: number, text: string): number {
  const length = text.length
  if (length < SHORT_TEXT) {
    let seen = 0
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      out[at + 1 + i] = code
      seen |= code
    }
    if (seen < 0x80) {
      out[at] = length << 1
      return at + 1 + length
    }
  }
  const start = writeVarint(out, at, Buffer.byteLength(text))
  return start + out.write(text, start)
}

/** Straight from the batch: a view for each key would cost as much as its text. */
function readText(reader: Reader): string | null {
  const start = pass(reader)
  return start < 0 ? null : keyText(reader.bytes, start, reader.at)
}

/** Moves behind bytes that stand with their length before them; returns where they begin, -1 for none. */
function pass(reader: Reader): number {
  const length = readVarint(reader)
  if (length < 0) return -1
  const start = reader.at
  reader.at += length
  if (reader.at > reader.bytes.length) throw new RangeError('a record is cut off')
  return start
}

/** Other programs may write a name twice, or no text: the last counts, and no text is an empty one. */
function readHeaders(reader: Reader): Headers {
  const count = readVarint(reader)
  if (count <= 0) return EMPTY_HEADERS
  const entries: [string, string][] = []
  for (let i = 0; i < count; i++) entries.push([readText(reader) ?? '', readText(reader) ?? ''])
  return Object.fromEntries(entries)
}

/** Numbers are within 32 bits but for timestamp deltas, so bits are counted by arithmetic. */
function readVarint(reader: Reader): number {
  const { bytes } = reader
  let byte = bytes[reader.at++]
  if (byte === undefined) throw new RangeError('a record is cut off')
  let zigzag = byte & 0x7f
  for (let factor = 0x80; byte >= 0x80; factor *= 0x80) {
    byte = bytes[reader.at++]
    if (byte === undefined) throw new RangeError('a record is cut off')
    zigzag += (byte & 0x7f) * factor
  }
  return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = zigzagOf(value); rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++
  return bytes
}

function writeVarint(out: Buffer, start: number, value: number): number {
  let at = start
  let rest = zigzagOf(value)
  while (rest >= 0x80) {
    out[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  out[at++] = rest
  return at
}

function zigzagOf(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value
}
