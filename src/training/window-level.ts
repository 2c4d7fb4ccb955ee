/** How well one way of scoring tells positive windows from negative ones: the figures, and their intervals by asset. */
import { bootstrapIntervals, type Interval, replicatesFor, sixDecimals } from './bootstrap.ts'
import { EARLY, NEGATIVE, POSITIVE } from './horizon.ts'
import { type JudgedWindows, judgedRows } from './judged.ts'
import {
  accuracyOf,
  balancedAccuracyOf,
  type Confusion,
  type Curve,
  confusion,
  correlationOf,
  curve,
  f1Of,
  falseAlarmRateOf,
  prAuc,
  precisionOf,
  recallOf,
  rocAuc,
} from './metrics.ts'
import { brierScore, calibrationError, logLoss, type ReliabilityBin, reliability } from './reliability.ts'

export interface WindowLevel {
  readonly windows: number
  readonly positive: number
  /** A score above it says "positive". */
  readonly threshold: number
  readonly confusion: Confusion
  readonly accuracy: number
  readonly balancedAccuracy: number
  readonly precision: number
  readonly recall: number
  readonly f1: number
  readonly falseAlarmRate: number
  readonly correlation: number
  /** These three are null where one class is missing. */
  readonly rocAuc: number | null
  readonly prAuc: number | null
  /** With early windows counted as positive too, though at onset there is nothing to see yet. */
  readonly prAucFromOnset: number | null
  /** Null for scores that are no probabilities. */
  readonly calibration: Calibration | null
  /** 95 %, by asset; null with fewer assets than can tell. */
  readonly intervals: Readonly<Record<string, Interval>> | null
}

export interface Calibration {
  readonly brier: number
  /** Of always saying the share of positives: a lower one is worth something. */
  readonly brierOfPrevalence: number
  readonly logLoss: number
  readonly expectedCalibrationError: number
  readonly bins: readonly ReliabilityBin[]
}

const BINS = 10

/** What ranks the windows, and what may be said about the scores. */
export interface Ranking {
  /** One per window. */
  readonly scores: Float64Array
  readonly threshold: number
  readonly isProbability: boolean
}

/** @returns null when there is no window to judge by */
export function windowLevel(windows: JudgedWindows, ranking: Ranking, seed: number): WindowLevel | null {
  const rows = judgedRows(windows)
  if (rows.length === 0) return null
  const { scores, positive } = rankedRows(windows, ranking.scores, rows)
  const cells = confusion(scores, positive, ranking.threshold)
  const hits = cells.truePositive + cells.falseNegative
  const points = hits > 0 && hits < rows.length ? curve(scores, positive) : null
  return {
    windows: rows.length,
    positive: hits,
    threshold: ranking.threshold,
    confusion: cells,
    accuracy: sixDecimals(accuracyOf(cells)),
    balancedAccuracy: sixDecimals(balancedAccuracyOf(cells)),
    precision: sixDecimals(precisionOf(cells)),
    recall: sixDecimals(recallOf(cells)),
    f1: sixDecimals(f1Of(cells)),
    falseAlarmRate: sixDecimals(falseAlarmRateOf(cells)),
    correlation: sixDecimals(correlationOf(cells)),
    rocAuc: points && sixDecimals(rocAuc(points)),
    prAuc: points && sixDecimals(prAuc(points)),
    prAucFromOnset: points && sixDecimals(prAuc(curveFromOnset(windows, ranking.scores))),
    calibration: ranking.isProbability ? calibrationOf(scores, positive, hits / rows.length) : null,
    intervals: intervalsOf(windows, rows, ranking, seed),
  }
}

/** The points of ROC and precision over recall; null where one class is missing. */
export function rankingCurve(windows: JudgedWindows, scores: Float64Array): Curve | null {
  const { scores: ranked, positive } = rankedRows(windows, scores, judgedRows(windows))
  const hits = positive.reduce((sum, one) => sum + one, 0)
  return hits > 0 && hits < ranked.length ? curve(ranked, positive) : null
}

function rankedRows({ target }: JudgedWindows, scores: Float64Array, rows: Int32Array) {
  return {
    scores: Float64Array.from(rows, (row) => scores[row]!),
    positive: Uint8Array.from(rows, (row) => (target[row] === POSITIVE ? 1 : 0)),
  }
}

function curveFromOnset({ rows, target, learning }: JudgedWindows, scores: Float64Array): Curve {
  const used: number[] = []
  for (let row = 0; row < rows; row++) {
    if ((target[row]! >= 0 || target[row] === EARLY) && learning[row] === 0) used.push(row)
  }
  return curve(
    Float64Array.from(used, (row) => scores[row]!),
    Uint8Array.from(used, (row) => (target[row] === NEGATIVE ? 0 : 1)),
  )
}

function calibrationOf(scores: Float64Array, positive: Uint8Array, prevalence: number): Calibration {
  const bins = reliability(scores, positive, BINS)
  return {
    brier: sixDecimals(brierScore(scores, positive)),
    brierOfPrevalence: sixDecimals(prevalence * (1 - prevalence)),
    logLoss: sixDecimals(logLoss(scores, positive)),
    expectedCalibrationError: sixDecimals(calibrationError(bins)),
    bins,
  }
}

function intervalsOf(windows: JudgedWindows, rows: Int32Array, ranking: Ranking, seed: number) {
  // Sorted once: each replicate is then one walk over the rows with weights.
  const { scores, threshold } = ranking
  const order = rows.slice().sort((a, b) => scores[b]! - scores[a]!)
  const sorted: Sorted = {
    score: Float64Array.from(order, (row) => scores[row]!),
    positive: Uint8Array.from(order, (row) => (windows.target[row] === POSITIVE ? 1 : 0)),
    asset: Int32Array.from(order, (row) => windows.asset[row]!),
  }
  const { isProbability } = ranking
  return bootstrapIntervals(windows.assets.length, replicatesFor(rows.length), seed, (weight) => {
    const { brier, ...figures } = weighted(sorted, weight, threshold)
    return isProbability ? { ...figures, brier } : figures
  })
}

interface Sorted {
  /** Descending. */
  readonly score: Float64Array
  readonly positive: Uint8Array
  readonly asset: Int32Array
}

/** The same figures as those of `metrics.ts` with each row as often as its asset was drawn. NaN = can't be told. */
function weighted({ score, positive, asset }: Sorted, weight: Uint32Array, threshold: number) {
  let [hits, misses, hitsBefore, missesBefore] = [0, 0, 0, 0]
  let [rocArea, prArea, squares] = [0, 0, 0]
  let [truePositive, falsePositive] = [0, 0]
  for (let i = 0; i < score.length; i++) {
    const times = weight[asset[i]!]!
    if (positive[i] === 1) hits += times
    else misses += times
    squares += times * (score[i]! - positive[i]!) ** 2
    if (i + 1 < score.length && score[i + 1] === score[i]) continue
    rocArea += ((hits + hitsBefore) / 2) * (misses - missesBefore)
    if (hits > hitsBefore) prArea += (hits - hitsBefore) * (hits / (hits + misses))
    hitsBefore = hits
    missesBefore = misses
    if (score[i]! > threshold) [truePositive, falsePositive] = [hits, misses]
  }
  const cells: Confusion = {
    truePositive,
    falsePositive,
    falseNegative: hits - truePositive,
    trueNegative: misses - falsePositive,
  }
  const both = hits > 0 && misses > 0
  return {
    accuracy: accuracyOf(cells),
    balancedAccuracy: both ? balancedAccuracyOf(cells) : Number.NaN,
    precision: truePositive + falsePositive > 0 ? precisionOf(cells) : Number.NaN,
    recall: hits > 0 ? recallOf(cells) : Number.NaN,
    f1: hits > 0 ? f1Of(cells) : Number.NaN,
    falseAlarmRate: misses > 0 ? falseAlarmRateOf(cells) : Number.NaN,
    rocAuc: both ? rocArea / (hits * misses) : Number.NaN,
    prAuc: both ? prArea / hits : Number.NaN,
    brier: squares / (hits + misses),
  }
}
