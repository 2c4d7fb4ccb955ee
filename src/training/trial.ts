/** A finished net against machines that it has not seen, beside the threshold rule, by the live stream's own scorer. */
import type { AlertRule } from '../core/alert.ts'
import type { Scorer } from '../core/ports.ts'
import type { Dataset } from './dataset.ts'
import { type Evaluation, evaluate } from './evaluate.ts'
import { ruleScores, type ThresholdRule } from './threshold.ts'

/** Machines to judge by. */
export interface Trial {
  /** What they are, in words. */
  readonly source: string
  readonly dataset: Dataset
  /** Indices of its assets that are judged. */
  readonly assets: ReadonlySet<number>
}

/** One trial's outcome, the net and the threshold rule side by side. */
export interface Outcome {
  readonly source: string
  readonly model: Evaluation
  readonly thresholdRule: Evaluation
}

/** @param rule raises alerts from the net's scores; the threshold rule has the same delays */
export function tryModel(scorer: Scorer, baseline: ThresholdRule, rule: AlertRule, trial: Trial): Outcome {
  const { source, dataset, assets } = trial
  const { column, side, limit } = baseline
  const all = Int32Array.from({ length: dataset.rows }, (_, row) => row)
  const above = side === 'above' ? limit : -limit
  return {
    source,
    model: evaluate(dataset, assets, scorer.score(dataset.vectors, dataset.rows), rule),
    thresholdRule: evaluate(dataset, assets, ruleScores(dataset, all, column, side), {
      ...rule,
      above,
      clearBelow: above,
    }),
  }
}

/** Such as `vibration.max above 2.0995`. */
export function ruleText({
  feature,
  side,
  limit,
}: Pick<ThresholdRule, 'feature' | 'side' | 'limit'>): string {
  return `${feature} ${side} ${Number(limit.toPrecision(5))}`
}
