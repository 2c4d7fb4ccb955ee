/**
 * The baseline that a net must beat: the best alarm limit on one statistic of one channel, as a plant would set
 * it by hand. Tuned on the machines that teach.
 */
import { type Dataset, vectorsOf } from './dataset.ts'
import { POSITIVE } from './horizon.ts'
import { curve } from './metrics.ts'
import { visitRows } from './vectors.ts'

export interface ThresholdRule {
  readonly feature: string
  /** Index of the feature in the dataset's list. */
  readonly column: number
  /** `above` the limit is an alarm, or `below` it. */
  readonly side: 'above' | 'below'
  readonly limit: number
  /** On the rows that it was tuned on. */
  readonly f1: number
}

/** The feature, side and limit with the highest F1; a missing value is no alarm. */
export function tuneThreshold(dataset: Dataset, rows: Int32Array): ThresholdRule {
  const positive = Uint8Array.from(rows, (row) => (dataset.target[row] === POSITIVE ? 1 : 0))
  let best: ThresholdRule | null = null
  for (let column = 0; column < dataset.features.length; column++) {
    for (const side of ['above', 'below'] as const) {
      const found = bestLimit(ruleScores(dataset, rows, column, side), positive)
      if (best && found.f1 <= best.f1) continue
      const limit = side === 'above' ? found.limit : -found.limit
      best = { feature: dataset.features[column]!, column, side, limit, f1: found.f1 }
    }
  }
  return best!
}

/** The rule's own score of each row: higher is more alarming; a missing value is the least. */
export function ruleScores(
  dataset: Dataset,
  rows: Int32Array,
  column: number,
  side: ThresholdRule['side'],
): Float64Array {
  const sign = side === 'above' ? 1 : -1
  const scores = new Float64Array(rows.length)
  visitRows(vectorsOf(dataset), rows, (numbers, at, place) => {
    const value = numbers[at + column]!
    scores[place] = Number.isFinite(value) ? sign * value : Number.NEGATIVE_INFINITY
  })
  return scores
}

/** The limit lies between the last score that should alarm and the next lower one. */
export function bestLimit(scores: Float64Array, positive: Uint8Array): { limit: number; f1: number } {
  const { score, truePositive, falsePositive } = curve(scores, positive)
  const positives = truePositive[truePositive.length - 1] ?? 0
  let best = { limit: Number.POSITIVE_INFINITY, f1: 0 }
  for (let i = 0; i < score.length; i++) {
    const f1 = (2 * truePositive[i]!) / (truePositive[i]! + falsePositive[i]! + positives)
    const next = score[i + 1] ?? score[i]! - 1
    if (f1 > best.f1 && Number.isFinite(next)) best = { limit: (score[i]! + next) / 2, f1 }
  }
  return best
}
