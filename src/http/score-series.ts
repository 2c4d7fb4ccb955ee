/**
 * The last scores of one asset in one pipeline: a ring of typed columns, so that a fleet of a thousand
 * machines with hours of scores is some megabytes and no work for the garbage collector.
 */
import { CLOSED_BY, type Score } from '../core/records.ts'

/** Rings start small and double while the board's points last. */
const FIRST_POINTS = 16

/** Points that all rings of a board may still take. */
export interface PointBudget {
  left: number
}

/** Names of models are kept once for all scores. */
export interface ModelNames {
  readonly names: { readonly model: string; readonly modelVersion: string }[]
  readonly ids: Map<string, number>
}

/** Most models that are told apart; a 16-bit column. Later ones show as the last. */
const MODEL_NAMES = 65_536

interface Columns {
  readonly windowStart: Float64Array
  readonly windowEnd: Float64Array
  readonly score: Float64Array
  readonly count: Uint32Array
  readonly model: Uint16Array
  readonly closed: Uint8Array
  /** NaN where the model gives none. */
  readonly failureProbability: Float32Array
  readonly anomaly: Float32Array
  /** Share of the learning period; NaN where it is over or there is none. */
  readonly learned: Float32Array
  readonly resting: Uint8Array
}

export interface ScoreSeries {
  readonly pipeline: string
  length: number
  /** Index of the next point. */
  head: number
  columns: Columns
  /** The newest score, where it says why; older ones are to be read in the log. */
  why: Pick<Score, 'contributions' | 'contributionsRest'> | null
}

export function makeModelNames(): ModelNames {
  return { names: [], ids: new Map() }
}

export function makeScoreSeries(pipeline: string, budget: PointBudget): ScoreSeries {
  budget.left -= FIRST_POINTS
  return { pipeline, length: 0, head: 0, columns: makeColumns(FIRST_POINTS), why: null }
}

/** @param mostPoints `limits.boardScores` */
export function addScore(
  series: ScoreSeries,
  score: Score,
  models: ModelNames,
  mostPoints: number,
  budget: PointBudget,
): void {
  if (series.length === series.columns.score.length) grow(series, mostPoints, budget)
  const { columns, head } = series
  columns.windowStart[head] = score.windowStart
  columns.windowEnd[head] = score.windowEnd
  columns.score[head] = score.score
  columns.count[head] = score.count
  columns.model[head] = modelId(models, score)
  columns.closed[head] = CLOSED_BY.indexOf(score.closed)
  columns.failureProbability[head] = score.failureProbability ?? Number.NaN
  columns.anomaly[head] = score.anomaly ?? Number.NaN
  const { contributions, contributionsRest } = score
  series.why =
    contributions === undefined
      ? null
      : { contributions, ...(contributionsRest === undefined ? {} : { contributionsRest }) }
  columns.learned[head] = score.learning ? (score.learned ?? 0) : Number.NaN
  columns.resting[head] = score.resting ? 1 : 0
  series.head = (head + 1) % columns.score.length
  series.length = Math.min(series.length + 1, columns.score.length)
}

/**
 * @param age 0 = the newest
 * @returns the score as it stood in the log (fields of 4.4; contributions of the newest alone), or null when it is
 *   forgotten
 */
export function scoreAt(asset: string, series: ScoreSeries, age: number, models: ModelNames): Score | null {
  if (age < 0 || age >= series.length) return null
  const { columns } = series
  const size = columns.score.length
  const at = (series.head - 1 - age + size) % size
  const model = models.names[columns.model[at]!]!
  const score: Score = {
    asset,
    pipeline: series.pipeline,
    windowStart: columns.windowStart[at]!,
    windowEnd: columns.windowEnd[at]!,
    count: columns.count[at]!,
    score: columns.score[at]!,
    model: model.model,
    modelVersion: model.modelVersion,
    closed: CLOSED_BY[columns.closed[at]!]!,
  }
  const failureProbability = columns.failureProbability[at]!
  const anomaly = columns.anomaly[at]!
  if (!Number.isNaN(failureProbability)) score.failureProbability = sixDecimals(failureProbability)
  if (!Number.isNaN(anomaly)) score.anomaly = sixDecimals(anomaly)
  if (age === 0 && series.why !== null) Object.assign(score, series.why)
  const learned = columns.learned[at]!
  if (!Number.isNaN(learned)) {
    score.learning = true
    score.learned = Math.round(learned * 1000) / 1000
  }
  if (columns.resting[at] === 1) score.resting = true
  return score
}

/** @returns up to `most` last scores, oldest first */
export function trendOf(series: ScoreSeries, most: number): number[] {
  const size = series.columns.score.length
  const count = Math.min(most, series.length)
  const first = series.head - count + size
  return Array.from({ length: count }, (_, i) => series.columns.score[(first + i) % size]!)
}

function makeColumns(points: number): Columns {
  return {
    windowStart: new Float64Array(points),
    windowEnd: new Float64Array(points),
    score: new Float64Array(points),
    count: new Uint32Array(points),
    model: new Uint16Array(points),
    closed: new Uint8Array(points),
    failureProbability: new Float32Array(points),
    anomaly: new Float32Array(points),
    learned: new Float32Array(points),
    resting: new Uint8Array(points),
  }
}

/** Doubles a full ring, with its oldest point first; where the budget ends it goes on overwriting. */
function grow(series: ScoreSeries, mostPoints: number, budget: PointBudget): void {
  const { columns: old, head } = series
  const size = old.score.length
  const wider = Math.min(size * 2, mostPoints)
  if (wider <= size || wider - size > budget.left) return
  budget.left -= wider - size
  const made = makeColumns(wider)
  for (const name of Object.keys(old) as (keyof Columns)[]) {
    made[name].set(old[name].subarray(head), 0)
    made[name].set(old[name].subarray(0, head), size - head)
  }
  series.columns = made
  series.head = size
}

function modelId(models: ModelNames, { model, modelVersion }: Score): number {
  const key = `${model}\n${modelVersion}`
  const known = models.ids.get(key)
  if (known !== undefined) return known
  if (models.names.length >= MODEL_NAMES) return MODEL_NAMES - 1
  models.ids.set(key, models.names.length)
  models.names.push({ model, modelVersion })
  return models.names.length - 1
}

/** A 32-bit column holds six decimals of 0…1, which is what scores are rounded to. */
function sixDecimals(value: number): number {
  return Math.round(value * 1e6) / 1e6
}
