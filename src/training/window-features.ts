/**
 * The feature vectors of windows that a lane scored, worked out again from the readings by the code of training:
 * what baselines and the importance of features are computed from. That a model gives these vectors the very scores
 * of the lane is law 6, and `agreementOf` says whether it holds.
 */
import { featureIndex } from '../core/features.ts'
import { closedWindows, type PlainReading } from '../core/windowed.ts'
import type { DatasetOptions } from './dataset.ts'
import type { JudgedWindows } from './judged.ts'

export interface WindowFeatures {
  readonly features: readonly string[]
  /** Row-major [windows × features]; NaN = no value. */
  readonly vectors: Float64Array
  /** 1 where training has the same window; 0 where idle closed it at another reading. */
  readonly found: Uint8Array
}

const DEDUPE_PER_ASSET = 1024
const OPEN_WINDOWS_PER_ASSET = 64

export function windowFeatures(
  readings: Iterable<PlainReading>,
  windows: JudgedWindows,
  options: Omit<DatasetOptions, 'horizon'>,
): WindowFeatures {
  const { features, channels } = options
  const at = featureIndex(features, channels)
  const width = features.length
  const vectors = new Float64Array(windows.rows * width).fill(Number.NaN)
  const found = new Uint8Array(windows.rows)
  const rowOf = new Map<string, number>()
  for (let row = 0; row < windows.rows; row++) {
    rowOf.set(`${windows.assets[windows.asset[row]!]}@${windows.startMs[row]}`, row)
  }
  const rules = { ...options, dedupePerAsset: DEDUPE_PER_ASSET, openWindowsPerAsset: OPEN_WINDOWS_PER_ASSET }
  for (const { state, start, statistics } of closedWindows(readings, rules)) {
    const row = rowOf.get(`${state.asset}@${start}`)
    if (row === undefined) continue
    found[row] = 1
    for (let i = 0; i < width; i++) vectors[row * width + i] = statistics[at[i]!] ?? Number.NaN
    // Attributes stand last, as in training.
    const own = options.codes?.(state.asset) ?? []
    vectors.set(own, (row + 1) * width - own.length)
  }
  return { features, vectors, found }
}

export interface Agreement {
  readonly windows: number
  readonly different: number
  readonly greatestDifference: number
}

/** @param scores of the model for the vectors, one per window */
export function agreementOf(
  windows: JudgedWindows,
  { found }: WindowFeatures,
  scores: Float64Array,
): Agreement {
  let [compared, different, greatestDifference] = [0, 0, 0]
  for (let row = 0; row < windows.rows; row++) {
    if (found[row] === 0) continue
    compared++
    const difference = Math.abs(scores[row]! - windows.score[row]!)
    if (difference > 0) different++
    greatestDifference = Math.max(greatestDifference, difference)
  }
  return { windows: compared, different, greatestDifference }
}
