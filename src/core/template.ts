/**
 * The bytes between the values of readings that look alike:
 * `{"asset":"` id `","ts":` n `,"values":{"temperature":` n `,"vibration":` n `}}`.
 * A sender writes the same text over and over; with its template a reading is read by comparing a few bytes
 * and reading the numbers. Anything that differs by one byte is decoded the long way.
 */
import type { ReadingFields } from './asset.ts'
import { readNumber } from './number.ts'
import { ASSET_ID } from './records.ts'
import { makeShape, type Shape } from './shape.ts'
import { isTime } from './time.ts'

export interface Template {
  readonly shape: Shape
  /** Literal bytes before the asset id, before ts, before each value, and at the end. */
  readonly literals: readonly Uint8Array[]
}

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
  const literals = ['{"asset":"', '","ts":', ...before, end].map((text) => encoder.encode(text))
  return { shape: makeShape(channels), literals }
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
  template: Template,
  bytes: Uint8Array,
  asset: string,
  fields: ReadingFields,
  values: Float64Array,
): boolean {
  const { literals, shape } = template
  let at = matchBytes(bytes, 0, literals[0]!)
  if (at < 0) return false
  at = matchAsset(bytes, at, asset)
  if (at < 0) return false
  at = matchBytes(bytes, at, literals[1]!)
  if (at < 0) return false
  at = readNumber(bytes, at, time, 0)
  if (at < 0 || !isTime(time[0]!)) return false
  const channels = shape.channels.length
  for (let i = 0; i < channels; i++) {
    at = matchBytes(bytes, at, literals[i + 2]!)
    if (at < 0) return false
    at = readNumber(bytes, at, values, i)
    if (at < 0) return false
  }
  if (matchBytes(bytes, at, literals[channels + 2]!) !== bytes.length) return false
  fields.asset = asset
  fields.ts = time[0]!
  fields.arrival = false
  fields.shape = shape
  fields.values = values
  return true
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
