/** A finished model against machines that it has not seen, beside its baselines, by the live stream's own scorer. */
import type { AlertRule } from '../core/alert.ts'
import type { Scorer } from '../core/ports.ts'
import type { Reliability } from '../model/manifest.ts'
import { countPositive, type Dataset, usedRows, vectorsOf } from './dataset.ts'
import { type Evaluation, evaluate } from './evaluate.ts'
import { POSITIVE } from './horizon.ts'
import { brierScore, calibrationError, reliability } from './reliability.ts'
import { ruleScores, type ThresholdRule } from './threshold.ts'
import { visitRows } from './vectors.ts'

/** Machines to judge by. */
export interface Trial {
  /** What they are, in words. */
  readonly source: string
  readonly dataset: Dataset
  /** Indices of its assets that are judged. */
  readonly assets: ReadonlySet<number>
}

/** What is judged: the model as it is served, its net before calibration, and its baselines. */
export interface Contestants {
  readonly model: Scorer
  readonly raw: Scorer
  readonly logistic: Scorer
  readonly thresholdRule: ThresholdRule
}

/** One trial's outcome, the model and its baselines side by side. */
export interface Outcome {
  readonly source: string
  readonly model: Evaluation
  readonly thresholdRule: Evaluation
  readonly logistic: Evaluation
  /** Null when nothing failed. */
  readonly reliability: Reliability | null
}

/** What the contestants say of each row of a dataset. */
export interface Said {
  readonly model: Float64Array
  readonly raw: Float64Array
  readonly logistic: Float64Array
  readonly thresholdRule: ThresholdRule
}

/** @param rule raises alerts from the model's scores; the threshold rule has the same delays */
export function tryModel(contestants: Contestants, rule: AlertRule, trial: Trial): Outcome {
  const { dataset } = trial
  const all = everyRow(dataset)
  const said = {
    model: scoresOf(contestants.model, dataset, all),
    raw: scoresOf(contestants.raw, dataset, all),
    logistic: scoresOf(contestants.logistic, dataset, all),
    thresholdRule: contestants.thresholdRule,
  }
  return outcomeOf(said, rule, trial)
}

/** The same of what was said already. */
export function outcomeOf(said: Said, rule: AlertRule, trial: Trial): Outcome {
  const { source, dataset, assets } = trial
  const { column, side, limit } = said.thresholdRule
  const above = side === 'above' ? limit : -limit
  const byRule = ruleScores(dataset, everyRow(dataset), column, side)
  return {
    source,
    model: evaluate(dataset, assets, said.model, rule),
    thresholdRule: evaluate(dataset, assets, byRule, { ...rule, above, clearBelow: above }),
    logistic: evaluate(dataset, assets, said.logistic, rule),
    reliability: reliabilityOf(said, dataset, assets),
  }
}

function everyRow({ rows }: Dataset): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => row)
}

function reliabilityOf(
  { model, raw }: Said,
  dataset: Dataset,
  assets: ReadonlySet<number>,
): Reliability | null {
  const rows = usedRows(dataset, assets)
  if (countPositive(dataset, rows) === 0) return null
  const pick = (scores: Float64Array) => Float64Array.from(rows, (row) => scores[row]!)
  const said = pick(model)
  const positive = Uint8Array.from(rows, (row) => (dataset.target[row] === POSITIVE ? 1 : 0))
  const bins = reliability(said, positive, BINS)
  return {
    brier: fixed(brierScore(said, positive), 6),
    brierRaw: fixed(brierScore(pick(raw), positive), 6),
    error: fixed(calibrationError(bins), 6),
    bins: bins.map(({ from, to, count, predicted, observed }) => ({
      from: fixed(from, 2),
      to: fixed(to, 2),
      count,
      predicted: fixed(predicted, 4),
      observed: fixed(observed, 4),
    })),
  }
}

function fixed(value: number, decimals: number): number {
  return Number(value.toFixed(decimals))
}

/** Bins of the reliability diagram. */
const BINS = 10

/** Rows that are scored at once. */
const PIECE_ROWS = 65_536

/** A score for each of the rows, wherever their vectors are. */
export function scoresOf(scorer: Scorer, dataset: Dataset, rows: Int32Array): Float64Array {
  const width = dataset.features.length
  const scores = new Float64Array(rows.length)
  const pool = new Float64Array(Math.min(PIECE_ROWS, rows.length) * width)
  for (let from = 0; from < rows.length; from += PIECE_ROWS) {
    const some = rows.subarray(from, from + PIECE_ROWS)
    visitRows(vectorsOf(dataset), some, (numbers, at, place) => {
      pool.set(numbers.subarray(at, at + width), place * width)
    })
    scores.set(scorer.score(pool.subarray(0, some.length * width), some.length), from)
  }
  return scores
}

/** Such as `vibration.max above 2.0995`. */
export function ruleText({
  feature,
  side,
  limit,
}: Pick<ThresholdRule, 'feature' | 'side' | 'limit'>): string {
  return `${feature} ${side} ${Number(limit.toPrecision(5))}`
}
