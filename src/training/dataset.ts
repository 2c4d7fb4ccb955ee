/** Closed windows with their labels as plain arrays: what training, its baseline and evaluation work on. */
import { createHash } from 'node:crypto'
import { failure } from '../core/errors.ts'
import { featureIndex } from '../core/features.ts'
import type { Plausible } from '../core/layout.ts'
import type { ClosedWindow } from '../core/open-window.ts'
import { shapeText, type WindowRule } from '../core/window.ts'
import { closedWindows, type PlainReading } from '../core/windowed.ts'
import {
  EARLY,
  type FailureLabel,
  type FailureSpan,
  failureSpans,
  type Horizon,
  labeller,
  POSITIVE,
} from './horizon.ts'

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

/** As the config's limits are by default. */
const DEDUPE_PER_ASSET = 1024
const OPEN_WINDOWS_PER_ASSET = 64

/**
 * Windows by the very code of the live stream. Those that are open at the end are not taken: live they would not
 * be whole either.
 * @param readings of each asset in the order in which they were sent
 * @throws Failure `input` when there is no window, or more than `ROWS_LIMIT`
 */
export function buildDataset(
  readings: Iterable<PlainReading>,
  labels: readonly FailureLabel[],
  options: DatasetOptions,
): Dataset {
  const { features, channels, window } = options
  const spans = failureSpans(labels, options.horizon)
  const rows = rowWriter(features, channels, labeller(spans))
  const tally: ReadingTally = { windowed: 0, late: 0, duplicate: 0 }
  const rules = { ...options, dedupePerAsset: DEDUPE_PER_ASSET, openWindowsPerAsset: OPEN_WINDOWS_PER_ASSET }
  const taken = (result: keyof ReadingTally) => {
    tally[result]++
  }
  for (const closed of closedWindows(readings, { ...rules, taken })) {
    if (closed.closed !== 'end') rows.add(closed)
  }
  if (rows.count() === 0) {
    throw failure(
      'input',
      `none of the ${shapeText(window)} closed; is there more than one window of readings?`,
    )
  }
  return { features, ...rows.joined(), spans, tally }
}

/** Writes windows into arrays that grow by chunks. */
function rowWriter(
  features: readonly string[],
  channels: readonly string[],
  judge: ReturnType<typeof labeller>,
) {
  const at = featureIndex(features, channels)
  const width = features.length
  const assets = new Map<string, number>()
  const chunks: Chunk[] = []
  let rows = 0
  return {
    count: () => rows,
    add({ state, start, end, statistics }: ClosedWindow) {
      if (rows === ROWS_LIMIT) {
        throw failure('input', `more than ${ROWS_LIMIT} windows; use a larger window or less data`)
      }
      const row = rows % CHUNK_ROWS
      if (row === 0) chunks.push(makeChunk(CHUNK_ROWS, width))
      const chunk = chunks[chunks.length - 1]!
      for (let i = 0; i < width; i++) chunk.vectors[row * width + i] = statistics[at[i]!] ?? Number.NaN
      const asset = assets.get(state.asset) ?? assets.size
      assets.set(state.asset, asset)
      chunk.asset[row] = asset
      chunk.endMs[row] = end
      chunk.target[row] = judge(state.asset, start, end).target
      rows++
    },
    joined: () => ({ rows, ...joined(chunks, rows, width), assets: [...assets.keys()] }),
  }
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
