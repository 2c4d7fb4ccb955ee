/** Closed windows with their labels as plain arrays: what training, its baseline and evaluation work on. */
import { createHash } from 'node:crypto'
import { failure } from '../core/errors.ts'
import { featureIndex } from '../core/features.ts'
import {
  EARLY,
  type FailureLabel,
  type FailureSpan,
  failureSpans,
  type Horizon,
  labeller,
  POSITIVE,
} from './horizon.ts'
import { closedWindows, type Readings, type ReadingTally, type WindowSource } from './windows.ts'

/** Row i of every array is one window; rows are in the order in which windows closed. */
export interface Dataset {
  readonly features: readonly string[]
  readonly rows: number
  /** Row-major [rows × features]; NaN = no value. */
  readonly vectors: Float64Array
  /** Index into `assets`. */
  readonly asset: Int32Array
  /** Epoch ms. */
  readonly endMs: Float64Array
  /** `POSITIVE`, `NEGATIVE`, `EARLY` or `LEFT_OUT` (see `horizon.ts`). */
  readonly target: Int8Array
  readonly assets: readonly string[]
  readonly spans: readonly FailureSpan[]
  readonly tally: ReadingTally
}

export interface DatasetOptions extends WindowSource {
  readonly features: readonly string[]
  readonly horizon: Horizon
}

/** Most windows in one dataset: with 48 features 2 M take 0.8 GB. */
export const ROWS_LIMIT = 2_000_000

/** Rows that arrays grow by. */
const CHUNK_ROWS = 16_384

interface Chunk {
  readonly vectors: Float64Array
  readonly asset: Int32Array
  readonly endMs: Float64Array
  readonly target: Int8Array
}

/** @throws Failure `input` when there is no window, or more than `ROWS_LIMIT` */
export async function buildDataset(
  readings: Readings,
  labels: readonly FailureLabel[],
  options: DatasetOptions,
): Promise<Dataset> {
  const { features, channels, window } = options
  const spans = failureSpans(labels, options.horizon)
  const judge = labeller(spans)
  const at = featureIndex(features, channels)
  const width = features.length
  const assets = new Map<string, number>()
  const tally: ReadingTally = { windowed: 0, late: 0, duplicate: 0 }
  const chunks: Chunk[] = []
  let rows = 0
  for await (const { state, start, statistics } of closedWindows(readings, options, tally)) {
    if (rows === ROWS_LIMIT)
      throw failure('input', `more than ${ROWS_LIMIT} windows; use a larger window or less data`)
    const row = rows % CHUNK_ROWS
    if (row === 0) chunks.push(makeChunk(CHUNK_ROWS, width))
    const chunk = chunks[chunks.length - 1]!
    for (let i = 0; i < width; i++) chunk.vectors[row * width + i] = statistics[at[i]!] ?? Number.NaN
    const end = start + window.sizeMs
    chunk.asset[row] = assets.get(state.asset) ?? assets.size
    assets.set(state.asset, chunk.asset[row]!)
    chunk.endMs[row] = end
    chunk.target[row] = judge(state.asset, start, end).target
    rows++
  }
  if (rows === 0)
    throw failure(
      'input',
      `no window of ${window.sizeMs} ms closed; is there more than one window of readings?`,
    )
  return { features, rows, ...joined(chunks, rows, width), assets: [...assets.keys()], spans, tally }
}

function makeChunk(rows: number, width: number): Chunk {
  return {
    vectors: new Float64Array(rows * width),
    asset: new Int32Array(rows),
    endMs: new Float64Array(rows),
    target: new Int8Array(rows),
  }
}

function joined(chunks: readonly Chunk[], rows: number, width: number): Chunk {
  const whole = makeChunk(rows, width)
  chunks.forEach((chunk, i) => {
    const from = i * CHUNK_ROWS
    const count = Math.min(CHUNK_ROWS, rows - from)
    whole.vectors.set(chunk.vectors.subarray(0, count * width), from * width)
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
  const found: number[] = []
  for (let row = 0; row < rows; row++) if (takes(target[row]!) && assets.has(asset[row]!)) found.push(row)
  return Int32Array.from(found)
}

export function countPositive({ target }: Dataset, rows: Int32Array): number {
  let count = 0
  for (const row of rows) if (target[row] === POSITIVE) count++
  return count
}

/** sha256 over everything that training sees: windows, labels, assets, names. */
export function datasetHash({ features, vectors, asset, endMs, target, assets }: Dataset): string {
  const hash = createHash('sha256').update(JSON.stringify([features, assets]))
  for (const array of [vectors, asset, endMs, target]) {
    hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
  }
  return hash.digest('hex')
}
