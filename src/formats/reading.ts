/**
 * One parsed JSON value → a reading as the log holds it, or why it is none (design 4.3). JSON payloads of
 * MQTT and HTTP and lines of files all come through here, so that they mean the same.
 */
import type { Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Undecodable } from '../core/decode.ts'
import { ASSET_ID, Reading } from '../core/records.ts'
import { parseTime } from '../core/time.ts'
import { isInSeconds, unitHint } from '../core/time-unit.ts'
import { waveformFault } from './waveform.ts'

/** A reading with its event time in epoch ms. */
export type TimedReading = Static<typeof Reading> & { readonly ts: number }

/** What is known of a reading before it is looked at. */
export interface Origin {
  /** The asset that the topic (or file name) names. */
  readonly asset: string | null
  /** Epoch ms; the event time of a reading without one. `null`: a reading must carry its time. */
  readonly receivedAt: number | null
}

export interface CheckedReading {
  readonly reading: TimedReading
  /** Nothing was filled in or rewritten. */
  readonly asGiven: boolean
}

export type ReadingCheck = (value: unknown, origin: Origin) => CheckedReading | Undecodable

/** Most fields beside each other in a reading; it has six, the rest is the sender's own. */
const FIELDS = 64
/** Longest name of a channel. */
const CHANNEL_LETTERS = 128
const CONTROL_LETTERS = /\p{Cc}|\u2028|\u2029/u

const schema = Compile(Reading)

type Fields = Readonly<Record<string, unknown>>

/** @param channelsPerAsset most channels that a reading may have */
export function makeReadingCheck(channelsPerAsset: number): ReadingCheck {
  return (value, origin) => {
    if (!isFields(value)) return fault(`expected a reading (an object), found ${show(value)}`)
    const fields = Object.keys(value).length
    if (fields > FIELDS) return fault(`${fields} fields, at most ${FIELDS} are taken`)
    const asset = value.asset === undefined ? origin.asset : value.asset
    if (typeof asset !== 'string' || !ASSET_ID.test(asset)) return badAsset(asset)
    const ts = value.ts === undefined ? origin.receivedAt : parseTime(value.ts)
    if (ts === null || isOtherUnit(value.ts, origin)) return badTime(value.ts, origin)
    const reading = withHead(value, asset, ts)
    return (
      bodyFault(reading, channelsPerAsset) ?? { reading: reading as TimedReading, asGiven: reading === value }
    )
  }
}

/** The value itself when it has both already, else a copy with asset and time in front. */
function withHead(value: Fields, asset: string, ts: number): Fields {
  if (value.asset === asset && value.ts === ts) return value
  const { asset: _asset, ts: _ts, ...rest } = value
  if (value.ts !== undefined) return { asset, ts, ...rest }
  return { asset, ts, ...rest, tsSource: 'arrival' }
}

function bodyFault(reading: Fields, channelsPerAsset: number): Undecodable | null {
  const named = namesFault('values', reading.values) ?? namesFault('waveforms', reading.waveforms)
  if (named) return fault(named)
  if (!schema.Check(reading)) {
    return fault(valuesFault(reading.values) ?? describe(schema.Errors(reading), reading))
  }
  const { values, waveforms } = reading
  if (!values && !waveforms) return fault('expected values or waveforms, found neither')
  const channels = count(values) + count(waveforms)
  if (channels > channelsPerAsset) return fault(`${channels} channels, at most ${channelsPerAsset} are taken`)
  for (const [channel, waveform] of Object.entries(waveforms ?? {})) {
    const wrong = waveformFault(waveform)
    if (wrong) return fault(`/waveforms/${channel}${wrong}`)
  }
  return null
}

/**
 * What `describe` would say of values that are none, the commonest fault: the schema's own list of errors costs twenty times
 * as much as the rest of a reading, so a sender gone wrong would slow down all others.
 */
function valuesFault(values: unknown): string | null {
  if (values === undefined) return null
  if (!isFields(values)) return `/values: expected object, found ${show(values)}`
  for (const [channel, value] of Object.entries(values)) {
    if (value === null || Number.isFinite(value)) continue
    const path = channel.replaceAll('~', '~0').replaceAll('/', '~1')
    return `/values/${path}: expected number or null, found ${show(value)}`
  }
  return null
}

/** JSON Schema's pattern for names skips those with line breaks, so names are looked at here. */
function namesFault(field: string, channels: unknown): string | null {
  if (!isFields(channels)) return null
  for (const name of Object.keys(channels)) {
    if (name === '' || name.length > CHANNEL_LETTERS || CONTROL_LETTERS.test(name)) {
      return `/${field}: a channel's name is 1 to ${CHANNEL_LETTERS} letters without control characters, found ${show(name)}`
    }
  }
  return null
}

function badAsset(asset: unknown): Undecodable {
  const found = asset === null || asset === undefined ? 'none in payload or topic' : show(asset)
  return {
    reason: 'bad-asset',
    detail: `/asset: expected text that matches ${ASSET_ID.source}, found ${found}`,
  }
}

function isOtherUnit(ts: unknown, { receivedAt }: Origin): boolean {
  return typeof ts === 'number' && receivedAt !== null && isInSeconds(ts, receivedAt)
}

function badTime(ts: unknown, { receivedAt }: Origin): Undecodable {
  const hint = unitHint(ts, receivedAt)
  return fault(
    `/ts: expected epoch milliseconds (an integer) or RFC 3339 text with a zone, found ${show(ts)}${hint ? `, which ${hint}` : ''}`,
  )
}

type SchemaErrors = ReturnType<typeof schema.Errors>

/** The first path that is wrong, all that would be right there, and what was found. */
function describe(errors: SchemaErrors, value: unknown): string {
  const path = errors[0]?.instancePath ?? ''
  const expected = errors
    .filter((error) => error.instancePath === path && error.keyword !== 'anyOf')
    .map((error) => error.message.replace(/^must be /, ''))
  return `${path || '/'}: expected ${expected.join(' or ')}, found ${show(at(value, path))}`
}

/** @param path a JSON pointer */
function at(value: unknown, path: string): unknown {
  let found = value
  for (const part of path.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    found = typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined
  }
  return found
}

/** A value as a message shows it: short, whatever it is. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (Array.isArray(value)) return 'an array'
  if (value === undefined) return 'nothing'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

function count(fields: object | undefined): number {
  return fields ? Object.keys(fields).length : 0
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fault(detail: string): Undecodable {
  return { reason: 'schema', detail }
}
