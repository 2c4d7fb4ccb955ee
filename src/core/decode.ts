/**
 * Bytes of the `readings` topic → fields of a reading (design 4.3). The engine, `score` and ingest's quick
 * check share it. Readings of a known shape go through a template; the others through `JSON.parse` and the
 * checks below, which also say what is wrong.
 */
import type { ReadingFields } from './asset.ts'
import { bytesOf, type Span } from './page.ts'
import { dropBad, type Quality } from './quality.ts'
import { ASSET_ID } from './records.ts'
import { makeShape, type Shape } from './shape.ts'
import { makeTemplate, readByTemplate, type Template } from './template.ts'
import { parseTime } from './time.ts'
import { unitHint } from './time-unit.ts'
import type { DeadLetterReason } from './topics.ts'

/** Why bytes are no reading: reason and detail of the dead letter. */
export interface Undecodable {
  readonly reason: DeadLetterReason
  readonly detail: string
}

export interface ReadingDecoder {
  /** The last reading that `decode` accepted; reused by the next call. */
  readonly fields: ReadingFields
  /** Values so far that were not taken since their quality is bad; whoever counts them sets it back. */
  badValues: number
  /**
   * @param key the record's key; a reading may not name another asset
   * @returns null when `fields` holds the reading
   */
  decode(text: Span, key: string | null): Undecodable | null
  /** True when the text is a reading of `asset` of a shape that was met before. */
  fits(text: Span, asset: string): boolean
}

/** Templates tried per decoder, the last one that fitted first. */
const TEMPLATES = 16
/** Templates kept by their names, so that equal shapes are one object. */
const SHAPES = 1024

const utf8 = new TextDecoder('utf-8', { fatal: true })
const NO_SHAPE = makeShape([])

/** @param channelsPerReading most channels that a reading may have */
export function makeReadingDecoder(channelsPerReading: number): ReadingDecoder {
  const fields: ReadingFields = {
    asset: '',
    ts: 0,
    arrival: false,
    shape: NO_SHAPE,
    values: new Float64Array(0),
  }
  const values = new Float64Array(channelsPerReading)
  const templates: Template[] = []
  const known = new Map<string, Template>()

  function fits(text: Span, asset: string): boolean {
    for (let i = 0; i < templates.length; i++) {
      const template = templates[i]!
      if (!readByTemplate(template, text, asset, fields, values)) continue
      if (i > 0) {
        templates.splice(i, 1)
        templates.unshift(template)
      }
      return true
    }
    return false
  }

  function learn(names: readonly string[], text: Span): Shape {
    const id = JSON.stringify(names)
    let template = known.get(id)
    if (!template) {
      template = makeTemplate(names)
      if (known.size >= SHAPES) known.clear()
      known.set(id, template)
    }
    // Tried on a scratch: a text that repeats a name would leave a wrong value behind.
    const scratch = { ...fields }
    if (
      !templates.includes(template) &&
      readByTemplate(template, text, fields.asset, scratch, new Float64Array(names.length))
    ) {
      templates.unshift(template)
      if (templates.length > TEMPLATES) templates.pop()
    }
    return template.shape
  }

  function decodeSlowly(text: Span, key: string | null): Undecodable | null {
    const parsed = parse(bytesOf(text))
    if ('reason' in parsed) return parsed
    const head = readHead(parsed.object, key)
    if ('reason' in head) return head
    const names = readValues(parsed.object.values, values)
    if (!Array.isArray(names)) return names
    const quality = readQuality(parsed.object.quality)
    if (quality !== null && 'reason' in quality) return quality
    fields.asset = head.asset
    fields.shape = learn(names, text)
    fields.ts = head.ts
    fields.arrival = head.arrival
    fields.values = values
    // No template has a quality, so every reading with one comes this way.
    if (quality) decoder.badValues += dropBad(quality.given, names, values)
    return null
  }

  const decoder: ReadingDecoder = {
    fields,
    badValues: 0,
    fits,
    decode: (text, key) => (key !== null && fits(text, key) ? null : decodeSlowly(text, key)),
  }
  return decoder
}

type JsonObject = Readonly<Record<string, unknown>>

function parse(bytes: Uint8Array): { object: JsonObject } | Undecodable {
  try {
    const parsed: unknown = JSON.parse(utf8.decode(bytes))
    if (isObject(parsed)) return { object: parsed }
    return schema(`a reading is an object, not ${Array.isArray(parsed) ? 'an array' : typeof parsed}`)
  } catch (error) {
    return { reason: 'not-json', detail: error instanceof Error ? error.message : String(error) }
  }
}

function readHead(
  object: JsonObject,
  key: string | null,
): { asset: string; ts: number; arrival: boolean } | Undecodable {
  const asset = object.asset ?? key
  if (typeof asset !== 'string' || !ASSET_ID.test(asset)) {
    return { reason: 'bad-asset', detail: `asset must match ${ASSET_ID.source}` }
  }
  if (key !== null && asset !== key) return schema(`asset ${asset} differs from the record's key ${key}`)
  const ts = parseTime(object.ts)
  if (ts === null) {
    const hint = unitHint(object.ts, null)
    return schema(`ts must be epoch milliseconds or RFC 3339 text with a zone${hint ? `; it ${hint}` : ''}`)
  }
  return { asset, ts, arrival: object.tsSource === 'arrival' }
}

/** @returns the channels' names, with their values written to `out` */
function readValues(given: unknown, out: Float64Array): string[] | Undecodable {
  if (given === undefined) return []
  if (!isObject(given)) return schema('values must be an object of numbers')
  const names = Object.keys(given)
  if (names.length > out.length) return schema(`${names.length} channels, at most ${out.length} are taken`)
  for (let i = 0; i < names.length; i++) {
    const value = given[names[i]!]
    if (value !== null && (typeof value !== 'number' || !Number.isFinite(value))) {
      return schema(`values.${names[i]} must be a finite number or null`)
    }
    out[i] = value === null ? Number.NaN : value
  }
  return names
}

/** @returns null when nothing is said */
function readQuality(given: unknown): { readonly given: Quality } | Undecodable | null {
  if (given === undefined) return null
  const isQuality = (value: unknown): value is Quality =>
    isObject(value) &&
    Object.values(value).every((said) => typeof said === 'string' || typeof said === 'number')
  return isQuality(given) ? { given } : schema('quality must be an object of words or numbers, by channel')
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function schema(detail: string): Undecodable {
  return { reason: 'schema', detail }
}
