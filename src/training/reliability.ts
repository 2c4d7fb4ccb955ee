/**
 * Whether a score of 0.8 means that eight in ten fail: Brier score, log loss and the reliability diagram of a model's
 * probabilities. Definitions are scikit-learn's (`brier_score_loss`, `log_loss`, `calibration_curve`).
 */

/** Windows with scores in (from, to], what was predicted of them on average and what came. */
export interface ReliabilityBin {
  readonly from: number
  readonly to: number
  readonly count: number
  /** Mean score. */
  readonly predicted: number
  /** Share of positives. */
  readonly observed: number
}

/** Mean squared difference of score and truth; 0 is perfect, always saying the share of positives gives p·(1 − p). */
export function brierScore(scores: ArrayLike<number>, positive: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < scores.length; i++) sum += (scores[i]! - (positive[i]! > 0 ? 1 : 0)) ** 2
  return scores.length > 0 ? sum / scores.length : 0
}

/** Mean of −ln of the chance that was given to what came; chances are held within [ε, 1 − ε] of double precision. */
export function logLoss(scores: ArrayLike<number>, positive: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < scores.length; i++) {
    const chance = positive[i]! > 0 ? scores[i]! : 1 - scores[i]!
    sum -= Math.log(Math.min(1 - Number.EPSILON, Math.max(Number.EPSILON, chance)))
  }
  return scores.length > 0 ? sum / scores.length : 0
}

/**
 * @param scores 0…1
 * @param strategy `uniform`: bins of the same width; `quantile`: bins that hold as many scores each, if they can
 * @returns bins that hold a score, ascending
 */
export function reliability(
  scores: ArrayLike<number>,
  positive: ArrayLike<number>,
  bins: number,
  strategy: 'uniform' | 'quantile' = 'uniform',
): ReliabilityBin[] {
  const edges = strategy === 'uniform' ? uniformEdges(bins) : quantileEdges(scores, bins)
  const inner = edges.slice(1, -1)
  const sums = edges.slice(1).map(() => ({ count: 0, predicted: 0, observed: 0 }))
  for (let i = 0; i < scores.length; i++) {
    const sum = sums[lowerBound(inner, scores[i]!)]!
    sum.count++
    sum.predicted += scores[i]!
    if (positive[i]! > 0) sum.observed++
  }
  return sums.flatMap(({ count, predicted, observed }, i) =>
    count === 0
      ? []
      : [
          {
            from: edges[i]!,
            to: edges[i + 1]!,
            count,
            predicted: predicted / count,
            observed: observed / count,
          },
        ],
  )
}

/** Expected calibration error: mean distance of predicted and observed over the bins, by their counts. */
export function calibrationError(bins: readonly ReliabilityBin[]): number {
  const all = bins.reduce((sum, { count }) => sum + count, 0)
  const distance = bins.reduce(
    (sum, { count, predicted, observed }) => sum + count * Math.abs(predicted - observed),
    0,
  )
  return all > 0 ? distance / all : 0
}

/** i · (1 / bins), as numpy's linspace has them: the last bits decide about scores on an edge. */
function uniformEdges(bins: number): number[] {
  return Array.from({ length: bins + 1 }, (_, i) => (i === bins ? 1 : i * (1 / bins)))
}

function quantileEdges(scores: ArrayLike<number>, bins: number): number[] {
  const sorted = Float64Array.from(scores).sort()
  return uniformEdges(bins).map((share) => quantile(sorted, share))
}

/**
 * Linear between the two nearest values, as numpy's percentile.
 * @param sorted ascending
 * @returns NaN of nothing
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1)
  const below = Math.floor(at)
  const low = sorted[below] ?? Number.NaN
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN
  const part = at - below
  // From the nearer end, so that both ends are met exactly.
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part)
}

/** First index whose value is not below `value`. */
function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
