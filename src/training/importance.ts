/**
 * Which channels and features a model goes by: how much average precision falls when a column is dealt out anew over
 * the windows (Breiman's permutation importance). Seeded, so that the same windows give the same numbers. A channel is
 * dealt with all its statistics at once: each alone says little where the others tell the same.
 */
import { createRandom } from '../../simulators/random.ts'
import { parseFeature } from '../core/features.ts'
import type { Scorer } from '../core/ports.ts'
import { sixDecimals } from './bootstrap.ts'
import { curve, prAuc } from './metrics.ts'
import { shuffle } from './split.ts'

export interface Fall {
  readonly name: string
  /** Mean fall of average precision; at 0 or below the model does not need it here. */
  readonly fall: number
  /** Standard deviation over the repeats. */
  readonly spread: number
}

export interface Importance {
  /** Average precision as it is, on the windows that it was measured on. */
  readonly prAuc: number
  readonly windows: number
  readonly repeats: number
  /** The greatest first. */
  readonly channels: readonly Fall[]
  readonly features: readonly Fall[]
}

const REPEATS = 5
/** Of more windows a part is drawn: each column costs one call of the net per repeat. */
export const IMPORTANCE_WINDOWS = 8192

/**
 * @param vectors row-major [rows × features]
 * @param positive one per row
 * @returns null where one class is missing
 */
export function permutationImportance(
  scorer: Scorer,
  features: readonly string[],
  vectors: Float64Array,
  positive: Uint8Array,
  seed: number,
): Importance | null {
  const rows = drawnRows(positive.length, seed)
  const truth = Uint8Array.from(rows, (row) => positive[row]!)
  const hits = truth.reduce((sum, one) => sum + one, 0)
  if (hits === 0 || hits === rows.length) return null
  const width = features.length
  const own = new Float64Array(rows.length * width)
  rows.forEach((row, i) => {
    own.set(vectors.subarray(row * width, (row + 1) * width), i * width)
  })
  const precision = (inputs: Float64Array) => prAuc(curve(scorer.score(inputs, rows.length), truth))
  const base = precision(own)
  const fallOf = (name: string, columns: readonly number[]) =>
    measureFall(
      name,
      own,
      width,
      columns,
      createRandom(seed, 'importance', name),
      (inputs) => base - precision(inputs),
    )
  return {
    prAuc: sixDecimals(base),
    windows: rows.length,
    repeats: REPEATS,
    channels: [...channelColumns(features)].map(([name, columns]) => fallOf(name, columns)).sort(byFall),
    features: features.map((name, column) => fallOf(name, [column])).sort(byFall),
  }
}

/** All rows, or a part drawn by chance, in order. */
function drawnRows(rows: number, seed: number): Int32Array {
  const all = Int32Array.from({ length: rows }, (_, row) => row)
  if (rows <= IMPORTANCE_WINDOWS) return all
  return shuffle(all, createRandom(seed, 'importance', 'windows'))
    .subarray(0, IMPORTANCE_WINDOWS)
    .sort()
}

function channelColumns(features: readonly string[]): Map<string, number[]> {
  const columns = new Map<string, number[]>()
  features.forEach((feature, i) => {
    const channel = parseFeature(feature)?.channel ?? feature
    columns.set(channel, [...(columns.get(channel) ?? []), i])
  })
  return columns
}

function measureFall(
  name: string,
  vectors: Float64Array,
  width: number,
  columns: readonly number[],
  random: ReturnType<typeof createRandom>,
  fall: (vectors: Float64Array) => number,
): Fall {
  const order = Int32Array.from({ length: vectors.length / width }, (_, row) => row)
  const dealt = vectors.slice()
  const falls = Array.from({ length: REPEATS }, () => {
    shuffle(order, random)
    order.forEach((from, row) => {
      for (const column of columns) dealt[row * width + column] = vectors[from * width + column]!
    })
    return fall(dealt)
  })
  const mean = falls.reduce((sum, value) => sum + value, 0) / REPEATS
  const square = falls.reduce((sum, value) => sum + (value - mean) ** 2, 0) / REPEATS
  return { name, fall: sixDecimals(mean), spread: sixDecimals(Math.sqrt(square)) }
}

function byFall(a: Fall, b: Fall): number {
  return b.fall - a.fall || (a.name < b.name ? -1 : 1)
}
