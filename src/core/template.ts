/**
 * The bytes between the values of readings that look alike:
 * `{"asset":"` id `","ts":` n `,"values":{"temperature":` n `,"vibration":` n `}}`.
 * A sender writes the same text over and over; with its template a reading is read by comparing a few words
 * and reading the numbers. Anything that differs by one byte is decoded the long way.
 */
import type { ReadingFields } from './asset.ts'
import { readNumber } from './number.ts'
import { type Page, pageOf, type Span } from './page.ts'
import { ASSET_ID } from './records.ts'
import { makeShape, type Shape } from './shape.ts'
import { isTime } from './time.ts'

export interface Template {
  readonly shape: Shape
  /** Before the asset id, before ts, before each value, and at the end. */
  readonly literals: readonly Literal[]
}

/** Bytes to compare with, four at a time; the last four overlap with those before them where the length is no multiple. */
interface Literal {
  readonly bytes: Uint8Array
  /** Little endian, without the last. */
  readonly words: Int32Array
  /** The last four bytes; 0 of a literal that is shorter, which is compared byte by byte. */
  readonly last: number
}

const WORD = Int32Array.BYTES_PER_ELEMENT

const encoder = new TextEncoder()

/** 1 at the codes of letters that an asset id may have. */
const ID_LETTERS = Uint8Array.from({ length: 128 }, (_, code) =>
  ASSET_ID.test(String.fromCharCode(code)) ? 1 : 0,
)
const ID_MOST_LETTERS = 128

/** @returns the template of readings with these channels, in this order, without white space */
export function makeTemplate(channels: readonly string[]): Template {
  const names = channels.map((channel) => JSON.stringify(channel))
  const before = names.map((name, i) => (i === 0 ? `,"values":{${name}:` : `,${name}:`))
  const end = channels.length === 0 ? ',"values":{}}' : '}}'
  const literals = ['{"asset":"', '","ts":', ...before, end].map(makeLiteral)
  return { shape: makeShape(channels), literals }
}

function makeLiteral(text: string): Literal {
  const bytes = encoder.encode(text)
  const { length } = bytes
  if (length < WORD) return { bytes, words: new Int32Array(0), last: 0 }
  const { view } = pageOf(bytes)
  const words = Int32Array.from({ length: Math.ceil(length / WORD) - 1 }, (_, i) =>
    view.getInt32(i * WORD, true),
  )
  return { bytes, words, last: view.getInt32(length - WORD, true) }
}

/** Room for the time that is being read. */
const time = new Float64Array(1)

/**
 * Reads a reading through a template.
 * @param asset the id that the record's key (or topic) names; the bytes must name the same. Whoever wrote the
 *   record chose the key, so it is checked here as the id of a reading is
 * @param values filled in the order of the template's shape; at least as long as it
 * @returns false, with `fields` half written, when the bytes do not fit
 */
export function readByTemplate(
  { literals, shape }: Template,
  { page, start, end }: Span,
  asset: string,
  fields: ReadingFields,
  values: Float64Array,
): boolean {
  const { bytes } = page
  let at = matchLiteral(page, start, end, literals[0]!)
  if (at < 0) return false
  at = matchAsset(bytes, at, asset)
  if (at < 0) return false
  at = matchLiteral(page, at, end, literals[1]!)
  if (at < 0) return false
  at = readNumber(bytes, at, time, 0)
  if (at < 0 || !isTime(time[0]!)) return false
  const channels = shape.channels.length
  for (let i = 0; i < channels; i++) {
    at = matchLiteral(page, at, end, literals[i + 2]!)
    if (at < 0) return false
    at = readNumber(bytes, at, values, i)
    if (at < 0) return false
  }
  if (matchLiteral(page, at, end, literals[channels + 2]!) !== end) return false
  fields.asset = asset
  fields.ts = time[0]!
  fields.arrival = false
  fields.shape = shape
  fields.values = values
  return true
}

/**
 * What is read between two literals may have run into the text behind this one: the next literal tells, as it must
 * lie within.
 * @returns the index behind the literal, -1 when the bytes differ or end before it does
 */
function matchLiteral({ bytes: text, view }: Page, at: number, end: number, literal: Literal): number {
  const { bytes, words, last } = literal
  const behind = at + bytes.length
  if (behind > end) return -1
  if (bytes.length < WORD) return matchBytes(text, at, bytes)
  for (let i = 0; i < words.length; i++) {
    if (view.getInt32(at + i * WORD, true) !== words[i]) return -1
  }
  return view.getInt32(behind - WORD, true) === last ? behind : -1
}

/** @returns the index behind the literal, -1 when the bytes differ */
function matchBytes(bytes: Uint8Array, at: number, literal: Uint8Array): number {
  const { length } = literal
  for (let i = 0; i < length; i++) {
    if (bytes[at + i] !== literal[i]) return -1
  }
  return at + length
}

/** The same for an asset id; -1 too when it is not one. */
function matchAsset(bytes: Uint8Array, at: number, asset: string): number {
  const { length } = asset
  if (length === 0 || length > ID_MOST_LETTERS) return -1
  for (let i = 0; i < length; i++) {
    const code = asset.charCodeAt(i)
    if (bytes[at + i] !== code || ID_LETTERS[code] !== 1) return -1
  }
  return at + length
}
