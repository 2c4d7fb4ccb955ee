/**
 * Closed windows with their labels as plain arrays: what training, its baseline and evaluation work on. Readings
 * are taken one by one and never kept; vectors that are too many for memory lie in a temporary file.
 */
import { createHash } from 'node:crypto'
import { failure } from '../core/errors.ts'
import { featureIndex } from '../core/features.ts'
import type { Plausible } from '../core/layout.ts'
import type { ClosedWindow } from '../core/open-window.ts'
import { shapeText, type WindowRule } from '../core/window.ts'
import { makeWindower, type PlainReading } from '../core/windowed.ts'
import {
  EARLY,
  type FailureLabel,
  type FailureSpan,
  failureSpans,
  type Horizon,
  labeller,
  NEGATIVE,
  POSITIVE,
} from './horizon.ts'
import { makeVectorWriter, memoryVectors, type Vectors, visitRows } from './vectors.ts'

/** Row i of every array is one window; rows are in the order in which windows closed. */
export interface Dataset {
  readonly features: readonly string[]
  readonly rows: number
  /** Row-major [rows × features]; NaN = no value. Throws when they are on disk: `vectorsOf` reads both. */
  readonly vectors: Float64Array
  /** Where the vectors are when they are on disk. */
  readonly spilled?: Vectors
  /** Index into `assets`. */
  readonly asset: Int32Array
  /** Epoch ms. */
  readonly endMs: Float64Array
  /** `POSITIVE`, `NEGATIVE`, `EARLY` or `LEFT_OUT` (see `horizon.ts`). */
  readonly target: Int8Array
  readonly assets: readonly string[]
  readonly spans: readonly FailureSpan[]
  readonly tally: ReadingTally
  /** Values that were not taken since their quality is bad. */
  readonly badValues: number
}

/** What became of the readings. */
export interface ReadingTally {
  windowed: number
  late: number
  duplicate: number
}

export interface DatasetOptions {
  readonly channels: readonly string[]
  readonly features: readonly string[]
  readonly window: WindowRule
  readonly horizon: Horizon
  /** Plausible values of an asset's channels, as the config has them. */
  readonly plausible?: (asset: string) => Plausible | null
  /** Codes of an asset's attributes, for the features that stand last. */
  readonly codes?: (asset: string) => readonly number[]
  /** Each reading is a window by itself, and says by `label` whether it is positive. */
  readonly table?: boolean
  /** Bytes of vectors beyond which they go to disk; default: `VECTORS_IN_MEMORY_BYTES`. */
  readonly memoryBytes?: number
}

/** A reading; in a table with its label, null = healthy. */
export interface LabelledReading extends PlainReading {
  readonly label?: string | null
}

/** Most windows in one dataset; what is held for each takes 13 bytes. */
export const ROWS_LIMIT = 20_000_000

/** Rows that arrays grow by. */
const CHUNK_ROWS = 16_384

interface Chunk {
  readonly asset: Int32Array
  readonly endMs: Float64Array
  readonly target: Int8Array
}

/** As the config's limits are by default. */
const DEDUPE_PER_ASSET = 1024
const OPEN_WINDOWS_PER_ASSET = 64

export interface DatasetBuilder {
  take(reading: LabelledReading): void
  /** @throws Failure `input` when there is no window */
  finish(): Dataset
}

/**
 * Windows by the very code of the live stream. Those that are open at the end are not taken: live they would not
 * be whole either. In a table each reading is a whole window.
 * @throws Failure `input` from `take` when there are more than `ROWS_LIMIT` windows
 */
export function datasetBuilder(labels: readonly FailureLabel[], options: DatasetOptions): DatasetBuilder {
  const spans = failureSpans(labels, options.horizon)
  const rows = rowWriter(options)
  const judge = labeller(spans)
  const tally: ReadingTally = { windowed: 0, late: 0, duplicate: 0 }
  let badValues = 0
  const rules = {
    ...options,
    dedupePerAsset: DEDUPE_PER_ASSET,
    openWindowsPerAsset: OPEN_WINDOWS_PER_ASSET,
    taken(result: keyof ReadingTally) {
      tally[result]++
    },
    dropped(values: number) {
      badValues += values
    },
  }
  const windower = makeWindower(rules)
  return {
    take(reading) {
      if (options.table) {
        takeRow(reading, rules, rows, spans)
        return
      }
      for (const closed of windower.take(reading)) {
        rows.add(closed, judge(closed.state.asset, closed.start, closed.end).target)
      }
    },
    finish() {
      if (rows.count() === 0) {
        const windows = shapeText(options.window)
        throw failure('input', `none of the ${windows} closed; is there more than one window of readings?`)
      }
      const { kept, ...whole } = rows.joined()
      const counts = { tally, badValues }
      const dataset = {
        ...{ features: options.features, spans, ...counts, ...whole },
        vectors: kept.array ?? NONE,
      }
      if (kept.array) return dataset
      const spilled = { ...dataset, spilled: kept }
      return Object.defineProperty(spilled, 'vectors', { get: vectorsOnDisk, enumerable: true })
    },
  }
}

/** A row of a table: a window that holds it alone, positive when the row says so. */
function takeRow(
  reading: LabelledReading,
  rules: Parameters<typeof makeWindower>[0],
  rows: ReturnType<typeof rowWriter>,
  spans: FailureSpan[],
): void {
  const windower = makeWindower(rules)
  const window = windower.take(reading)[0] ?? windower.end()[0]
  if (!window) return
  const kind = reading.label ?? null
  rows.add(window, kind === null ? NEGATIVE : POSITIVE)
  if (kind === null) return
  const { start, end: failureMs } = window
  // A window of one reading by count ends where it begins.
  const beginMs = Math.min(start, failureMs - 1)
  const label = { asset: reading.asset, from: beginMs, to: failureMs, kind }
  spans.push({ label, beginMs, positiveFromMs: beginMs, failureMs, endMs: failureMs })
}

/** All of it from readings that are at hand. */
export function buildDataset(
  readings: Iterable<LabelledReading>,
  labels: readonly FailureLabel[],
  options: DatasetOptions,
): Dataset {
  const builder = datasetBuilder(labels, options)
  for (const reading of readings) builder.take(reading)
  return builder.finish()
}

/** The same from a stream, such as a file. */
export async function streamDataset(
  readings: AsyncIterable<LabelledReading> | Iterable<LabelledReading>,
  labels: readonly FailureLabel[],
  options: DatasetOptions,
): Promise<Dataset> {
  const builder = datasetBuilder(labels, options)
  for await (const reading of readings) builder.take(reading)
  return builder.finish()
}

/** Writes windows: vectors as they come, the rest into arrays that grow by chunks. */
function rowWriter({ features, channels, codes, memoryBytes }: DatasetOptions) {
  const at = featureIndex(features, channels)
  const width = features.length
  const assets = new Map<string, number>()
  const chunks: Chunk[] = []
  const writer = makeVectorWriter(width, memoryBytes)
  const vector = new Float64Array(width)
  let rows = 0
  return {
    count: () => rows,
    add({ state, end, statistics }: ClosedWindow, target: number) {
      if (rows === ROWS_LIMIT) {
        throw failure('input', `more than ${ROWS_LIMIT} windows; use a larger window or less data`)
      }
      for (let i = 0; i < width; i++) vector[i] = statistics[at[i]!] ?? Number.NaN
      const own = codes?.(state.asset) ?? []
      own.forEach((code, i) => {
        vector[width - own.length + i] = code
      })
      writer.add(vector)
      const row = rows % CHUNK_ROWS
      if (row === 0) chunks.push(makeChunk(CHUNK_ROWS))
      const chunk = chunks[chunks.length - 1]!
      const asset = assets.get(state.asset) ?? assets.size
      assets.set(state.asset, asset)
      chunk.asset[row] = asset
      chunk.endMs[row] = end
      chunk.target[row] = target
      rows++
    },
    joined: () => ({ rows, ...joined(chunks, rows), assets: [...assets.keys()], kept: writer.finish() }),
  }
}

const NONE = new Float64Array(0)

function vectorsOnDisk(): never {
  throw failure('input', 'there are too many windows to hold their vectors in memory; take less data')
}

/** The vectors of a dataset, wherever they are. */
export function vectorsOf(dataset: Dataset): Vectors {
  return dataset.spilled ?? memoryVectors(dataset.vectors, dataset.features.length)
}

function makeChunk(rows: number): Chunk {
  return { asset: new Int32Array(rows), endMs: new Float64Array(rows), target: new Int8Array(rows) }
}

function joined(chunks: readonly Chunk[], rows: number): Chunk {
  const whole = makeChunk(rows)
  chunks.forEach((chunk, i) => {
    const from = i * CHUNK_ROWS
    const count = Math.min(CHUNK_ROWS, rows - from)
    whole.asset.set(chunk.asset.subarray(0, count), from)
    whole.endMs.set(chunk.endMs.subarray(0, count), from)
    whole.target.set(chunk.target.subarray(0, count), from)
  })
  return whole
}

/** Rows of the given assets that are positive or negative, in order. */
export function usedRows(dataset: Dataset, assets: ReadonlySet<number>): Int32Array {
  return rowsWith(dataset, assets, (target) => target >= 0)
}

/** The same, and early ones. */
export function rowsFromOnset(dataset: Dataset, assets: ReadonlySet<number>): Int32Array {
  return rowsWith(dataset, assets, (target) => target >= 0 || target === EARLY)
}

function rowsWith(
  { rows, asset, target }: Dataset,
  assets: ReadonlySet<number>,
  takes: (target: number) => boolean,
): Int32Array {
  const found = new Int32Array(rows)
  let count = 0
  for (let row = 0; row < rows; row++)
    if (takes(target[row]!) && assets.has(asset[row]!)) found[count++] = row
  return found.slice(0, count)
}

export function countPositive({ target }: Dataset, rows: Int32Array): number {
  let count = 0
  for (const row of rows) if (target[row] === POSITIVE) count++
  return count
}

/** sha256 over everything that training sees: windows, labels, assets, names. */
export function datasetHash(dataset: Dataset): string {
  const { features, asset, endMs, target, assets } = dataset
  const hash = createHash('sha256').update(JSON.stringify([features, assets]))
  const update = (array: Float64Array | Int32Array | Int8Array) =>
    hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
  const vectors = vectorsOf(dataset)
  const { width, rows } = vectors
  if (vectors.array) update(vectors.array)
  else {
    visitRows(
      vectors,
      Int32Array.from({ length: rows }, (_, row) => row),
      (numbers, at) => {
        update(numbers.subarray(at, at + width))
      },
    )
  }
  for (const array of [asset, endMs, target]) update(array)
  return hash.digest('hex')
}
