/**
 * SKAB, the Skoltech Anomaly Benchmark (https://github.com/waico/SKAB), by its published protocol: of each file the
 * first 400 rows may be learned from, the rest is judged row by row, all files together, without point adjustment.
 * Here a row's verdict may use that row and those before it, never later ones.
 */
import { sixDecimals } from '../bootstrap.ts'
import {
  balancedAccuracyOf,
  type Confusion,
  confusion,
  f1Of,
  falseAlarmRateOf,
  recallOf,
} from '../metrics.ts'

export const SKAB_FIT_ROWS = 400

/** One file: truth and verdict of each row from the first on, 1 = anomalous. */
export interface JudgedRun {
  readonly name: string
  readonly truth: Uint8Array
  readonly said: Uint8Array
}

export interface SkabResults {
  readonly rows: number
  readonly confusion: Confusion
  readonly f1: number
  /** Shares of the normal rows that are taken for anomalous, and of the anomalous ones that are missed. */
  readonly falseAlarmRate: number
  readonly missedAlarmRate: number
  readonly balancedAccuracy: number
  readonly anomalies: number
  /** Anomalous stretches in which at least one row was told. */
  readonly anomaliesTold: number
  /** Rows from the beginning of a stretch to the first that was told; null when none was. */
  readonly medianDelayRows: number | null
}

/** Detectors of the leaderboard, all 34 files, as its README gives them; balanced accuracy follows from both rates. */
export const SKAB_PUBLISHED = [
  { detector: 'Conv-AE', f1: 0.78, falseAlarmRate: 0.1355, missedAlarmRate: 0.2802 },
  { detector: 'T2+Q (PCA)', f1: 0.76, falseAlarmRate: 0.2662, missedAlarmRate: 0.2492 },
  { detector: 'MSET', f1: 0.78, falseAlarmRate: 0.3973, missedAlarmRate: 0.1413 },
  { detector: 'LSTM-AE', f1: 0.74, falseAlarmRate: 0.2996, missedAlarmRate: 0.2592 },
  { detector: 'T2', f1: 0.66, falseAlarmRate: 0.1921, missedAlarmRate: 0.426 },
] as const

/** @param fitRows rows of each file that are not judged */
export function skabResults(runs: readonly JudgedRun[], fitRows = SKAB_FIT_ROWS): SkabResults {
  const judged = runs.map(({ name, truth, said }) => ({
    name,
    truth: truth.subarray(fitRows),
    said: said.subarray(fitRows),
  }))
  const cells = confusion(
    judged.flatMap(({ said }) => [...said]),
    judged.flatMap(({ truth }) => [...truth]),
    0,
  )
  const delays = judged.flatMap(delaysOf)
  const told = delays.filter((delay) => delay !== null).sort((a, b) => a - b)
  return {
    rows: cells.truePositive + cells.falsePositive + cells.falseNegative + cells.trueNegative,
    confusion: cells,
    f1: sixDecimals(f1Of(cells)),
    falseAlarmRate: sixDecimals(falseAlarmRateOf(cells)),
    missedAlarmRate: sixDecimals(1 - recallOf(cells)),
    balancedAccuracy: sixDecimals(balancedAccuracyOf(cells)),
    anomalies: delays.length,
    anomaliesTold: told.length,
    medianDelayRows: told[told.length >> 1] ?? null,
  }
}

/** For each anomalous stretch the rows until it was told; null = never. */
function delaysOf({ truth, said }: JudgedRun): (number | null)[] {
  const delays: (number | null)[] = []
  for (let row = 0; row < truth.length; row++) {
    if (truth[row] !== 1 || (row > 0 && truth[row - 1] === 1)) continue
    const over = truth.indexOf(0, row)
    const told = said.subarray(row, over < 0 ? truth.length : over).indexOf(1)
    delays.push(told < 0 ? null : told)
  }
  return delays
}

/** When something was said, and what: in order of time. Epoch ms. */
export interface Said {
  readonly atMs: number
  readonly anomalous: boolean
}

/** Each row's verdict is the last one that was there when it came. */
export function causalVerdicts(rowsMs: ArrayLike<number>, said: readonly Said[]): Uint8Array {
  const verdicts = new Uint8Array(rowsMs.length)
  let at = -1
  for (let row = 0; row < rowsMs.length; row++) {
    while (at + 1 < said.length && said[at + 1]!.atMs <= rowsMs[row]!) at++
    verdicts[row] = said[at]?.anomalous ? 1 : 0
  }
  return verdicts
}
