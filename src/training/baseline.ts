/**
 * What a model must beat: the best alarm limit on one statistic, and logistic regression on all of them. Both come
 * from training data, never from the windows that are judged: the limit stands in a model's manifest, and both are
 * fitted when `evaluate` is given training files.
 */
import { type AlertRule, judge, makeAlertSlots } from '../core/alert.ts'
import { prepareRows } from '../model/inputs.ts'
import type { Dataset } from './dataset.ts'
import { preparedRows } from './deck.ts'
import { POSITIVE } from './horizon.ts'
import type { JudgedWindows, RaisedAlert } from './judged.ts'
import { fitLogistic, logisticScores } from './logistic.ts'
import { fitInputs, PLAIN_PREPARATION, type Preparation } from './prepare.ts'
import { bestLimit, type ThresholdRule, tuneThreshold } from './threshold.ts'
import { ruleText } from './trial.ts'
import type { WindowFeatures } from './window-features.ts'
import type { Ranking } from './window-level.ts'

export interface Baseline {
  readonly name: 'threshold rule' | 'logistic regression'
  /** What it is, in words. */
  readonly text: string
  ranking(windows: WindowFeatures): Ranking
}

/** Most windows that the regression is fitted on; of more, every n-th. */
const LOGISTIC_ROWS = 100_000
/** The penalty of scikit-learn's default. */
const LOGISTIC_C = 1

/**
 * @param text as a manifest has it, such as `vibration.max above 2.0995`
 * @returns null when it names no rule on one of the features
 */
export function recordedRule(text: string, features: readonly string[]): Baseline | null {
  const [, feature = '', side, number] = /^(\S+) (above|below) (\S+)$/.exec(text) ?? []
  const limit = Number(number)
  const column = features.indexOf(feature)
  if (column < 0 || !Number.isFinite(limit) || (side !== 'above' && side !== 'below')) return null
  return thresholdBaseline({ feature, column, side, limit }, 'tuned in training')
}

/**
 * @param rows of the dataset that teach
 * @param categories of the attributes among the features
 */
export function fittedBaselines(
  dataset: Dataset,
  rows: Int32Array,
  source: string,
  categories: Preparation['categories'] = [],
): Baseline[] {
  return [
    thresholdBaseline(tuneThreshold(dataset, rows), `tuned on ${source}`),
    logisticBaseline(dataset, rows, source, categories),
  ]
}

function thresholdBaseline(rule: Omit<ThresholdRule, 'f1'>, how: string): Baseline {
  const { feature, side, limit } = rule
  const sign = side === 'above' ? 1 : -1
  return {
    name: 'threshold rule',
    text: `${ruleText(rule)}, ${how}`,
    ranking({ features, vectors, found }) {
      const column = features.indexOf(feature)
      const scores = Float64Array.from(found, (_, row) => {
        const value = vectors[row * features.length + column]!
        // A missing value is no alarm; finite, for a curve can't rank an infinity beside others' areas.
        return Number.isFinite(value) ? sign * value : -Number.MAX_VALUE
      })
      return { scores, threshold: sign * limit, isProbability: false }
    },
  }
}

function logisticBaseline(
  dataset: Dataset,
  all: Int32Array,
  source: string,
  categories: Preparation['categories'],
): Baseline {
  const step = Math.ceil(all.length / LOGISTIC_ROWS)
  const rows = all.filter((_, i) => i % step === 0)
  const prepared = fitInputs(dataset, rows, { ...PLAIN_PREPARATION, categories })
  const width = prepared.names.length
  const inputs = new Float32Array(rows.length * width)
  preparedRows(dataset, prepared, rows, inputs)
  const positive = Uint8Array.from(rows, (row) => (dataset.target[row] === POSITIVE ? 1 : 0))
  const fitted = fitLogistic(inputs, positive, width, { c: LOGISTIC_C })
  const { limit } = bestLimit(logisticScores(fitted, inputs, rows.length), positive)
  return {
    name: 'logistic regression',
    text: `on ${width} inputs, C = ${LOGISTIC_C}, alarm above ${Number(limit.toPrecision(4))}, fitted on ${source}`,
    ranking({ vectors, found }) {
      const scaled = new Float32Array(found.length * width)
      prepareRows(prepared, vectors, 0, found.length, scaled)
      return { scores: logisticScores(fitted, scaled, found.length), threshold: limit, isProbability: true }
    },
  }
}

/**
 * The alerts that a rule on the baseline's scores would raise, by the core's own state machine and with the delays of
 * the pipeline's rule.
 */
export function baselineAlerts(windows: JudgedWindows, ranking: Ranking, like: AlertRule): RaisedAlert[] {
  const rule = { ...like, above: ranking.threshold, clearBelow: ranking.threshold }
  const slots = makeAlertSlots(windows.assets.length)
  const alerts: RaisedAlert[] = []
  const open = new Map<number, number>()
  for (let row = 0; row < windows.rows; row++) {
    const index = windows.asset[row]!
    const asset = windows.assets[index]!
    const windowEnd = windows.endMs[row]!
    const scored = { asset, pipeline: '', windowEnd, score: ranking.scores[row]!, reasons: () => [] }
    const transition = judge(rule, slots[index]!, scored)?.transition
    if (transition === 'raised') {
      open.set(index, alerts.length)
      alerts.push({ asset, rule: rule.rule, raisedMs: windowEnd, clearedMs: null })
    } else if (transition === 'cleared') {
      const at = open.get(index)!
      alerts[at] = { ...alerts[at]!, clearedMs: windowEnd }
    }
  }
  return alerts
}
