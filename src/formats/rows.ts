/** Rows of a table (cells by column) → readings, as a map says. CSV files and flat JSON Lines share it. */
import { failure } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import type { Quality } from '../core/quality.ts'
import { ASSET_ID } from '../core/records.ts'
import type { RecordingMap, TimePlace } from './map.ts'
import { makeTimeReader } from './time-format.ts'

/** A reading of a recording. */
export interface RecordedReading {
  readonly asset: string
  /** Epoch ms. */
  readonly ts: number
  readonly values: Readonly<Record<string, number | null>>
  readonly quality?: Quality
  /** In a table (`label` of the map) the kind of failure that the row precedes, null = none. */
  readonly label?: string | null
}

/** @returns the reading of a row's cells; throws Failure `input` that names column and cell */
export type RowReader = (cells: readonly unknown[]) => RecordedReading

/** Turns columns into row readers; counts the rows of each asset where the time needs it. */
export interface Table {
  /** @throws Failure `input` when the map names a column that isn't there */
  columns(names: readonly string[]): RowReader
}

/** Cells that say that nothing was measured. */
const NOTHING = new Set(['', 'nan', 'na', 'n/a', 'null', 'none', '-'])

/** Cells of a label that say that nothing failed, beside those. */
const HEALTHY = new Set(['0', '0.0', 'false', 'no', 'ok', 'normal', 'healthy'])
const FAILED = new Set(['1', '1.0', 'true', 'yes'])

/** @param file the file's name without folder and extension, which may name the asset */
export function makeTable(map: RecordingMap, file: string): Table {
  const { place } = map
  if (place === null) throw failure('config', 'the map names neither asset nor time')
  const rows = new Map<string, number>()
  const readTime = 'column' in place.time ? makeTimeReader(place.time) : null

  function timeOf(time: TimePlace, at: number, cells: readonly unknown[], asset: string): number {
    if ('startMs' in time) {
      const row = rows.get(asset) ?? 0
      rows.set(asset, row + 1)
      return time.startMs + row * time.stepMs
    }
    const cell = textOf(cells[at])
    const ts = readTime?.(cell) ?? null
    if (ts === null) throw failure('input', `${time.column}: "${cell}" is no time of format ${time.format}`)
    return ts
  }

  return {
    columns(names) {
      const twice = names.find((name, i) => names.indexOf(name) !== i)
      if (twice !== undefined) throw failure('input', `two columns are named "${twice}"`)
      const assetAt = 'column' in place.asset ? indexOf(names, place.asset.column, 'asset') : -1
      const timeAt = 'column' in place.time ? indexOf(names, place.time.column, 'time.column') : -1
      // Files to be scored may lack the label.
      const labelAt = typeof map.label === 'string' ? names.indexOf(map.label) : -1
      const channels = channelsOf(map, names, [assetAt, timeAt, labelAt])
      const fixed = 'value' in place.asset ? place.asset.value : file
      return (cells) => {
        const asset = assetAt < 0 ? fixed : textOf(cells[assetAt])
        if (!ASSET_ID.test(asset)) throw badAsset(asset)
        const ts = timeOf(place.time, timeAt, cells, asset)
        const values: Record<string, number | null> = {}
        for (const { name, at } of channels) values[name] = numberOf(cells[at], names[at]!)
        return labelAt < 0
          ? { asset, ts, values }
          : { asset, ts, values, label: labelOf(cells[labelAt], names[labelAt]!) }
      }
    },
  }
}

function channelsOf(
  { channels, ignore }: RecordingMap,
  names: readonly string[],
  taken: readonly number[],
): { readonly name: string; readonly at: number }[] {
  const ignored = ignore.map((column) => ignoredAt(names, column))
  if (channels !== 'all') {
    return [...channels].map(([name, column]) => ({ name, at: indexOf(names, column, `channels.${name}`) }))
  }
  return names.map((name, at) => ({ name, at })).filter(({ at }) => ![...taken, ...ignored].includes(at))
}

/** Files of one set may lack a column that others have (labels, say); a slip would let it in as a channel. */
function ignoredAt(names: readonly string[], column: string): number {
  const at = names.indexOf(column)
  const meant = at < 0 ? nearest(column, names) : null
  if (meant === null) return at
  throw failure('input', `ignore: no column "${column}"; did you mean "${meant}"?`)
}

function indexOf(names: readonly string[], column: string, key: string): number {
  const at = names.indexOf(column)
  if (at < 0) throw failure('input', `${key}: no column "${column}"; there are ${names.join(', ')}`)
  return at
}

/** A bare yes takes the column's name as the kind of failure. */
function labelOf(cell: unknown, column: string): string | null {
  const text = textOf(cell).trim()
  const low = text.toLowerCase()
  if (NOTHING.has(low) || HEALTHY.has(low)) return null
  return FAILED.has(low) ? column : text
}

function badAsset(asset: string): Error {
  return failure('input', `asset "${asset}" must match ${ASSET_ID.source}; the map can set {value: TEXT}`)
}

function numberOf(cell: unknown, column: string): number | null {
  if (cell === null || cell === undefined) return null
  const text = textOf(cell).trim()
  if (NOTHING.has(text.toLowerCase())) return null
  const value = typeof cell === 'boolean' ? Number(cell) : Number(text)
  // JSON writes no negative zero, so that a replay over MQTT carries what score reads.
  if (Number.isFinite(value)) return value === 0 ? 0 : value
  throw failure('input', `${column}: "${text}" is no number; ignore: [${column}] leaves the column out`)
}

function textOf(cell: unknown): string {
  return typeof cell === 'string' ? cell : String(cell ?? '')
}
