/**
 * The report of `evaluate` as data: the pipeline beside its baselines on the same windows, with all that the page
 * draws. No wall time and no path that differs from run to run goes in: the same data, seed and build give the same
 * report.
 */
import type { AlertRule } from '../core/alert.ts'
import type { WindowShape } from '../core/window.ts'
import { type EventLevel, eventLevel } from './event-level.ts'
import type { NetHistory } from './history.ts'
import { EARLY, type Horizon } from './horizon.ts'
import type { Importance } from './importance.ts'
import { type JudgedWindows, judgedRows, type RaisedAlert } from './judged.ts'
import type { Curve } from './metrics.ts'
import type { Agreement } from './window-features.ts'
import { type Ranking, rankingCurve, type WindowLevel, windowLevel } from './window-level.ts'

/** [x, y] */
export type Point = readonly [number, number]

/** One way of scoring and what came of it. */
export interface Verdict {
  readonly name: string
  readonly text: string
  readonly windows: WindowLevel | null
  readonly events: EventLevel
  /** False alarm rate → recall, and recall → precision; null where one class is missing. */
  readonly curves: { readonly roc: readonly Point[]; readonly pr: readonly Point[] } | null
}

export interface Report {
  readonly format: 1
  /** Version of the program. */
  readonly code: string
  /** What makes the report again. */
  readonly command: string
  readonly model: {
    readonly name: string
    readonly version: string
    readonly kind: string
    readonly hash: string
  } | null
  readonly pipeline: {
    readonly name: string
    readonly window: WindowShape
    readonly rules: readonly AlertRule[]
  }
  readonly data: DataSummary
  readonly horizon: Horizon
  readonly seed: number
  /** The pipeline first, then the baselines. */
  readonly verdicts: readonly Verdict[]
  /** Lane and training code on the same windows; null without a model. */
  readonly agreement: Agreement | null
  readonly importance: Importance | null
  /** Of each net, as the manifest has it; null where it has none, or without a model. */
  readonly learning: readonly NetHistory[] | null
  /** What could not be shown, and why. */
  readonly notes: readonly string[]
}

export interface DataSummary {
  readonly source: string
  readonly readings: number
  readonly unusable: number
  readonly assets: number
  readonly labels: number
  readonly windows: number
  /** Windows that were judged; the rest follows. */
  readonly judged: number
  readonly early: number
  readonly leftOut: number
  readonly learning: number
  readonly fromMs: number
  readonly toMs: number
}

export function verdictOf(
  name: string,
  text: string,
  windows: JudgedWindows,
  ranking: Ranking,
  alerts: readonly RaisedAlert[],
  seed: number,
): Verdict {
  const points = rankingCurve(windows, ranking.scores)
  return {
    name,
    text,
    windows: windowLevel(windows, ranking, seed),
    events: eventLevel(windows, alerts, seed),
    curves: points && { roc: thinned(rocPoints(points)), pr: thinned(prPoints(points)) },
  }
}

export function dataSummary(
  windows: JudgedWindows,
  counts: Pick<DataSummary, 'source' | 'readings' | 'unusable' | 'labels'>,
): DataSummary {
  const judged = judgedRows(windows).length
  let [early, learning, fromMs, toMs] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let row = 0; row < windows.rows; row++) {
    if (windows.learning[row] === 1) learning++
    else if (windows.target[row] === EARLY) early++
    fromMs = Math.min(fromMs, windows.startMs[row]!)
    toMs = Math.max(toMs, windows.endMs[row]!)
  }
  return {
    ...counts,
    assets: windows.assets.length,
    windows: windows.rows,
    judged,
    early,
    leftOut: windows.rows - judged - early - learning,
    learning,
    fromMs,
    toMs,
  }
}

function rocPoints({ truePositive, falsePositive }: Curve): Point[] {
  const hits = truePositive[truePositive.length - 1]!
  const misses = falsePositive[falsePositive.length - 1]!
  return [[0, 0], ...Array.from(truePositive, (hit, i): Point => [falsePositive[i]! / misses, hit / hits])]
}

/** As scikit-learn, with (0, 1) where nothing is said yet. */
function prPoints({ truePositive, falsePositive }: Curve): Point[] {
  const hits = truePositive[truePositive.length - 1]!
  const points = Array.from(truePositive, (hit, i): Point => [hit / hits, hit / (hit + falsePositive[i]!)])
  return [[0, 1], ...points]
}

/** Least distance of two points that are both kept, of a chart that is one unit wide. */
const LEAST_STEP = 1 / 400

/** Points that an eye can tell apart, with both ends; four decimals. */
function thinned(points: readonly Point[]): Point[] {
  const kept: Point[] = []
  points.forEach((point, i) => {
    const last = kept[kept.length - 1]
    const isFar = !last || Math.hypot(point[0] - last[0], point[1] - last[1]) >= LEAST_STEP
    if (isFar || i === points.length - 1) kept.push(point)
  })
  return kept.map(([x, y]): Point => [Number(x.toFixed(4)), Number(y.toFixed(4))])
}
