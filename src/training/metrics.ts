/**
 * How well scores tell positive windows from negative ones. Definitions and results are those of scikit-learn
 * (`confusion_matrix`, `accuracy_score`, `balanced_accuracy_score`, `matthews_corrcoef`,
 * `precision_recall_fscore_support`, `average_precision_score`, `roc_auc_score`); tests hold vectors made with it.
 */

export interface Confusion {
  readonly truePositive: number
  readonly falsePositive: number
  readonly falseNegative: number
  readonly trueNegative: number
}

/** @param above a score above this says "positive", as an alert rule does */
export function confusion(scores: ArrayLike<number>, positive: ArrayLike<number>, above: number): Confusion {
  const counts = [0, 0, 0, 0]
  for (let i = 0; i < scores.length; i++) {
    const cell = (scores[i]! > above ? 2 : 0) + (positive[i]! > 0 ? 1 : 0)
    counts[cell]!++
  }
  const [trueNegative = 0, falseNegative = 0, falsePositive = 0, truePositive = 0] = counts
  return { truePositive, falsePositive, falseNegative, trueNegative }
}

/** 0 where nothing was said, or there was nothing to say. */
export function precisionOf({ truePositive, falsePositive }: Confusion): number {
  return ratio(truePositive, truePositive + falsePositive)
}

export function recallOf({ truePositive, falseNegative }: Confusion): number {
  return ratio(truePositive, truePositive + falseNegative)
}

/** Harmonic mean of precision and recall. */
export function f1Of({ truePositive, falsePositive, falseNegative }: Confusion): number {
  return ratio(2 * truePositive, 2 * truePositive + falsePositive + falseNegative)
}

export function accuracyOf({ truePositive, falsePositive, falseNegative, trueNegative }: Confusion): number {
  const right = truePositive + trueNegative
  return ratio(right, right + falsePositive + falseNegative)
}

/** Share of the negatives that are taken for positive. */
export function falseAlarmRateOf({ falsePositive, trueNegative }: Confusion): number {
  return ratio(falsePositive, falsePositive + trueNegative)
}

/** Mean of the recalls of the classes that occur. */
export function balancedAccuracyOf(cells: Confusion): number {
  const { truePositive, falsePositive, falseNegative, trueNegative } = cells
  if (truePositive + falseNegative === 0) return 1 - falseAlarmRateOf(cells)
  if (trueNegative + falsePositive === 0) return recallOf(cells)
  return (recallOf(cells) + 1 - falseAlarmRateOf(cells)) / 2
}

/** Matthews's correlation of verdict and truth, −1…1; 0 where one of them never varies. */
export function correlationOf({
  truePositive,
  falsePositive,
  falseNegative,
  trueNegative,
}: Confusion): number {
  const said = (truePositive + falsePositive) * (trueNegative + falseNegative)
  const was = (truePositive + falseNegative) * (trueNegative + falsePositive)
  const covariance = truePositive * trueNegative - falsePositive * falseNegative
  return said > 0 && was > 0 ? covariance / (Math.sqrt(said) * Math.sqrt(was)) : 0
}

/**
 * A point for each distinct score, from the highest down: how many positives and negatives score at least it.
 * Lists of numbers, as a dataset has hundreds of thousands of distinct scores.
 */
export interface Curve {
  readonly score: Float64Array
  readonly truePositive: Float64Array
  readonly falsePositive: Float64Array
}

/** @param positive above 0 = positive */
export function curve(scores: ArrayLike<number>, positive: ArrayLike<number>): Curve {
  const hits = sorted(scores, positive, true)
  const misses = sorted(scores, positive, false)
  const score = new Float64Array(scores.length)
  const truePositive = new Float64Array(scores.length)
  const falsePositive = new Float64Array(scores.length)
  let points = 0
  let hit = hits.length
  let miss = misses.length
  while (hit > 0 || miss > 0) {
    const here = Math.max(
      hits[hit - 1] ?? Number.NEGATIVE_INFINITY,
      misses[miss - 1] ?? Number.NEGATIVE_INFINITY,
    )
    while (hit > 0 && hits[hit - 1] === here) hit--
    while (miss > 0 && misses[miss - 1] === here) miss--
    score[points] = here
    truePositive[points] = hits.length - hit
    falsePositive[points] = misses.length - miss
    points++
  }
  return {
    score: score.subarray(0, points),
    truePositive: truePositive.subarray(0, points),
    falsePositive: falsePositive.subarray(0, points),
  }
}

/** Scores of one class, ascending. Sorted without a comparing function, which is ten times as fast. */
function sorted(scores: ArrayLike<number>, positive: ArrayLike<number>, hits: boolean): Float64Array {
  return Float64Array.from(scores)
    .filter((_, i) => positive[i]! > 0 === hits)
    .sort()
}

/**
 * Area under precision over recall as average precision, Σ (R_n − R_{n−1})·P_n: no interpolation, which would
 * flatter.
 */
export function prAuc({ truePositive, falsePositive }: Curve): number {
  let area = 0
  let before = 0
  for (let i = 0; i < truePositive.length; i++) {
    const hits = truePositive[i]!
    area += (hits - before) * ratio(hits, hits + falsePositive[i]!)
    before = hits
  }
  return ratio(area, before)
}

/** Area under the ROC curve by trapezoids; equal scores count half. */
export function rocAuc({ truePositive, falsePositive }: Curve): number {
  let area = 0
  let hits = 0
  let misses = 0
  for (let i = 0; i < truePositive.length; i++) {
    area += ((truePositive[i]! + hits) / 2) * (falsePositive[i]! - misses)
    hits = truePositive[i]!
    misses = falsePositive[i]!
  }
  return ratio(area, hits * misses)
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0
}
