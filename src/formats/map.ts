/**
 * The `--map` file (design 4.7): which columns of a recording are asset, time and channels. Strict, as the
 * config is: what it doesn't know it names, with the nearest thing that it knows.
 */
import { parse } from 'yaml'
import { failure, messageOf } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { parseTime } from '../core/time.ts'
import { durationMs } from '../core/units.ts'
import { checkTimeFormat, type TimeFormat } from './time-format.ts'

/** Which asset a row is of. */
export type AssetPlace = { readonly column: string } | { readonly value: string } | { readonly file: true }

/** When a row was measured. */
export type TimePlace =
  | ({ readonly column: string } & TimeFormat)
  /** The n-th row of an asset is at start + n · step. */
  | { readonly startMs: number; readonly stepMs: number }

export interface RecordingMap {
  readonly format: 'csv' | 'jsonl'
  readonly delimiter: string
  readonly header: boolean
  readonly columns: readonly string[] | null
  /** `null`, with `format: jsonl` only: lines are readings as MQTT carries them. */
  readonly place: { readonly asset: AssetPlace; readonly time: TimePlace } | null
  /** Channel name → column. */
  readonly channels: 'all' | ReadonlyMap<string, string>
  readonly ignore: readonly string[]
  /** Column that says of each row whether it precedes a failure: a table, each row a case by itself. */
  readonly label?: string | null
}

const KEYS = [
  'format',
  'delimiter',
  'header',
  'columns',
  'asset',
  'time',
  'channels',
  'ignore',
  'label',
] as const

/** What a file is taken for when no map says otherwise. */
export function defaultMap(file: string): RecordingMap {
  const isLines = /\.(jsonl|ndjson|json)(\.gz)?$/i.test(file)
  return {
    format: isLines ? 'jsonl' : 'csv',
    delimiter: ',',
    header: true,
    columns: null,
    place: isLines
      ? null
      : { asset: { column: 'asset' }, time: { column: 'ts', format: 'any', zone: 'UTC' } },
    channels: 'all',
    ignore: [],
    label: null,
  }
}

/**
 * @param text YAML
 * @param where name of the file, for messages
 * @throws Failure `config` that names the key and what would be right
 */
export function parseMap(text: string, where: string): RecordingMap {
  try {
    return mapOf(record(parseYaml(text), '', KEYS))
  } catch (error) {
    throw failure('config', `${where}: ${messageOf(error)}`, error)
  }
}

function parseYaml(text: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    throw failure('config', `no YAML: ${messageOf(error)}`, error)
  }
}

function mapOf(given: Given): RecordingMap {
  const format = given.format ?? 'csv'
  if (format !== 'csv' && format !== 'jsonl') throw wrong('format', 'csv or jsonl', format)
  const delimiter = given.delimiter === undefined ? ',' : text(given.delimiter, 'delimiter')
  const header = given.header ?? true
  if (typeof header !== 'boolean') throw wrong('header', 'true or false', header)
  const columns = given.columns === undefined ? null : texts(given.columns, 'columns')
  if (format === 'csv' && !header && columns === null) {
    throw failure('config', 'columns: header is false, so the columns must be named here')
  }
  const plain = format === 'jsonl' && given.asset === undefined && given.time === undefined
  return {
    format,
    delimiter,
    header,
    columns,
    place: plain ? null : { asset: assetOf(given.asset), time: timeOf(given.time) },
    channels: channelsOf(given.channels),
    ignore: given.ignore === undefined ? [] : texts(given.ignore, 'ignore'),
    label: given.label === undefined ? null : text(given.label, 'label'),
  }
}

function assetOf(given: unknown): AssetPlace {
  if (typeof given === 'string' && given !== '') return { column: given }
  const what = 'a column, {value: TEXT} or {file: true}'
  if (!isGiven(given)) throw wrong('asset', what, given)
  const { value, file } = record(given, 'asset', ['value', 'file'])
  if (value !== undefined && file === undefined) return { value: text(value, 'asset.value') }
  if (file === true && value === undefined) return { file: true }
  throw wrong('asset', what, given)
}

function timeOf(given: unknown): TimePlace {
  const what = '{column: COL, format: iso|epoch-ms|epoch-s|FORMAT, zone: UTC} or {start: TIME, step: 1s}'
  if (!isGiven(given)) throw wrong('time', what, given)
  const { column, format, zone, start, step } = record(given, 'time', [
    'column',
    'format',
    'zone',
    'start',
    'step',
  ])
  if (column !== undefined && start === undefined && step === undefined) {
    const how = { format: text(format ?? 'iso', 'time.format'), zone: text(zone ?? 'UTC', 'time.zone') }
    checkTimeFormat(how, 'time')
    return { column: text(column, 'time.column'), ...how }
  }
  if (column === undefined && format === undefined && zone === undefined && start !== undefined) {
    const startMs = parseTime(start instanceof Date ? start.getTime() : start)
    if (startMs === null) throw wrong('time.start', 'RFC 3339 text with a zone, or epoch ms', start)
    return { startMs, stepMs: durationMs(text(step, 'time.step')) }
  }
  throw wrong('time', what, given)
}

function channelsOf(given: unknown): RecordingMap['channels'] {
  if (given === undefined || given === 'all') return 'all'
  if (!isGiven(given)) throw wrong('channels', 'all, or {NAME: COL, …}', given)
  const channels = Object.entries(given).map(
    ([name, column]) => [name, text(column, `channels.${name}`)] as const,
  )
  if (channels.length === 0) throw wrong('channels', 'at least one channel', given)
  return new Map(channels)
}

type Given = Readonly<Record<string, unknown>>

function isGiven(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function record(value: unknown, key: string, known: readonly string[]): Given {
  if (!isGiven(value)) throw wrong(key || 'map', `a section with ${known.join(', ')}`, value)
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue
    const near = nearest(name, known)
    const hint = near ? `did you mean ${near}?` : `known here: ${known.join(', ')}`
    throw failure('config', `${key ? `${key}.` : ''}${name}: no such key; ${hint}`)
  }
  return value
}

function text(value: unknown, key: string): string {
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string' || value === '') throw wrong(key, 'text', value)
  return value
}

function texts(value: unknown, key: string): string[] {
  if (!Array.isArray(value)) throw wrong(key, 'a list of names', value)
  return value.map((item, i) => text(item, `${key}.${i}`))
}

function wrong(key: string, expected: string, found: unknown): Error {
  return failure('config', `${key}: expected ${expected}, found ${JSON.stringify(found) ?? 'nothing'}`)
}
