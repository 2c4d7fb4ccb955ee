/**
 * Which windows teach an anomaly model, which stop its fit and set its limits, and which judge it. By asset where there
 * are enough of them; else by time, the end of each asset's windows kept apart. Only windows that touch no label teach.
 */
import { failure } from '../core/errors.ts'
import { type Dataset, usedRows } from './dataset.ts'
import { NEGATIVE, POSITIVE } from './horizon.ts'
import { dealAssets } from './split.ts'

/** Shares of the assets, and of an asset's time when they are too few. */
const ASSET_SHARES = [0.6, 0.2, 0.2] as const
const TIME_SHARES = [0.8, 0.1, 0.1] as const

/** Fewer windows set no 0.99 quantile, and teach no net. */
const LEAST_LIMIT_ROWS = 20
const LEAST_TEACH_ROWS = 50

/** Rows of the dataset, in its order. */
export interface AnomalySplit {
  readonly by: 'asset' | 'time'
  /** Normal windows. */
  readonly teach: Int32Array
  readonly stop: Int32Array
  readonly judge: Int32Array
  /** Labelled windows that judge: none of them taught. */
  readonly positive: Int32Array
  readonly teachers: number
  readonly stoppers: number
}

/** @throws Failure `input` when there are too few normal windows */
export function splitNormal(dataset: Dataset, seed: number): AnomalySplit {
  const parts = dealAssets(dataset, ASSET_SHARES, seed)
  const [teach, stop, judge] = parts.map((assets) => rowsOf(dataset, assets, NEGATIVE))
  if (enough(teach!, stop!) && judge!.length >= LEAST_LIMIT_ROWS) {
    const [teachers, stoppers, judges] = parts
    return {
      ...{ by: 'asset', teach: teach!, stop: stop!, judge: judge! },
      positive: rowsOf(dataset, judges!, POSITIVE),
      ...{ teachers: teachers!.size, stoppers: stoppers!.size },
    }
  }
  return splitTime(dataset)
}

/** Each asset's first windows teach, its last ones don't. */
function splitTime(dataset: Dataset): AnomalySplit {
  const all = new Set(dataset.assets.keys())
  const normal = rowsOf(dataset, all, NEGATIVE)
  const counts = new Int32Array(all.size)
  for (const row of normal) counts[dataset.asset[row]!]!++
  const seen = new Int32Array(all.size)
  const place = Float64Array.from(normal, (row) => {
    const asset = dataset.asset[row]!
    return seen[asset]!++ / counts[asset]!
  })
  const [first, second] = [TIME_SHARES[0], TIME_SHARES[0] + TIME_SHARES[1]]
  const between = (from: number, to: number) => normal.filter((_, i) => place[i]! >= from && place[i]! < to)
  const [teach, stop, judge] = [between(0, first), between(first, second), between(second, 1)]
  if (!enough(teach, stop) || judge.length === 0) {
    throw failure(
      'input',
      `${normal.length} windows without a label; an anomaly model needs some ${Math.ceil(LEAST_LIMIT_ROWS / TIME_SHARES[1])}: take more data or a smaller window`,
    )
  }
  const positive = rowsOf(dataset, all, POSITIVE)
  return { by: 'time', teach, stop, judge, positive, teachers: all.size, stoppers: all.size }
}

function enough(teach: Int32Array, stop: Int32Array): boolean {
  return teach.length >= LEAST_TEACH_ROWS && stop.length >= LEAST_LIMIT_ROWS
}

function rowsOf(dataset: Dataset, assets: ReadonlySet<number>, target: number): Int32Array {
  return usedRows(dataset, assets).filter((row) => dataset.target[row] === target)
}
