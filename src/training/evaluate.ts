/**
 * How good a model is on machines that it has not seen: window by window, and as people would meet it, by the
 * alerts that the core's own state machine raises from its scores.
 */
import { type AlertRule, judge, makeAlertSlots } from '../core/alert.ts'
import type { Measured } from '../model/manifest.ts'
import { countPositive, type Dataset, rowsFromOnset, usedRows } from './dataset.ts'
import { NEGATIVE, POSITIVE } from './horizon.ts'
import { type Curve, confusion, curve, f1Of, prAuc, precisionOf, recallOf, rocAuc } from './metrics.ts'

/** One failure of the dataset that happened within its readings, and the first warning of it. */
export interface Warning {
  readonly kind: string
  /** Ms from onset to the alert; null = no warning before the failure. */
  readonly afterMs: number | null
  /** Ms from onset to failure. */
  readonly growthMs: number
}

export interface Evaluation extends Measured {
  readonly warnings: readonly Warning[]
}

/**
 * @param assets the machines to judge by
 * @param scores one per row of the dataset, by which rows are ranked
 * @param rule says from which score on a row is an alarm, and for how long
 */
export function evaluate(
  dataset: Dataset,
  assets: ReadonlySet<number>,
  scores: Float64Array,
  rule: AlertRule,
): Evaluation {
  const raised = raisedAlerts(dataset, assets, scores, rule)
  const warnings = warningsOf(dataset, assets, raised)
  const shares = warnings.flatMap(({ afterMs, growthMs }) => (afterMs === null ? [] : [afterMs / growthMs]))
  return {
    windows: windowResults(dataset, assets, scores, rule.above),
    alerts: {
      failures: warnings.length,
      warned: shares.length,
      alerts: raised.filter(({ span }) => span >= 0).length,
      falseAlerts: raised.filter(({ span }) => span < 0).length,
      machineDays: rounded(machineDays(dataset, assets), 3),
      medianWarningShare: shares.length > 0 ? rounded(median(shares), 3) : null,
    },
    warnings,
  }
}

function windowResults(
  dataset: Dataset,
  assets: ReadonlySet<number>,
  scores: Float64Array,
  above: number,
): Measured['windows'] {
  const rows = usedRows(dataset, assets)
  if (countPositive(dataset, rows) === 0) return null
  const ranked = Float64Array.from(rows, (row) => scores[row]!)
  const positive = Uint8Array.from(rows, (row) => (dataset.target[row] === POSITIVE ? 1 : 0))
  const cells = confusion(ranked, positive, above)
  const points = curve(ranked, positive)
  return {
    precision: rounded(precisionOf(cells), 4),
    recall: rounded(recallOf(cells), 4),
    f1: rounded(f1Of(cells), 4),
    prAuc: rounded(prAuc(points), 4),
    rocAuc: rounded(rocAuc(points), 4),
    prAucFromOnset: rounded(prAuc(curveFromOnset(dataset, assets, scores)), 4),
  }
}

/** The stricter question: early windows count as positive too, though at onset nothing can be seen yet. */
function curveFromOnset(dataset: Dataset, assets: ReadonlySet<number>, scores: Float64Array): Curve {
  const rows = rowsFromOnset(dataset, assets)
  const ranked = Float64Array.from(rows, (row) => scores[row]!)
  return curve(
    ranked,
    Uint8Array.from(rows, (row) => (dataset.target[row] === NEGATIVE ? 0 : 1)),
  )
}

interface RaisedAlert {
  readonly endMs: number
  /** Index of the failure that it warns of; -1 = false. */
  readonly span: number
}

/** Runs the rule over each machine's scores in the order in which its windows closed. */
function raisedAlerts(
  dataset: Dataset,
  assets: ReadonlySet<number>,
  scores: Float64Array,
  rule: AlertRule,
): RaisedAlert[] {
  const slots = makeAlertSlots(dataset.assets.length)
  const raised: RaisedAlert[] = []
  for (let row = 0; row < dataset.rows; row++) {
    const index = dataset.asset[row]!
    if (!assets.has(index)) continue
    const endMs = dataset.endMs[row]!
    const asset = dataset.assets[index]!
    const window = { asset, pipeline: '', windowEnd: endMs, score: scores[row]!, reasons: () => [] }
    if (judge(rule, slots[index]!, window)?.transition !== 'raised') continue
    raised.push({ endMs, span: spanAt(dataset, asset, endMs) })
  }
  return raised
}

/** The failure whose time from onset to repair holds the end of a window. */
function spanAt({ spans }: Dataset, asset: string, endMs: number): number {
  return spans.findIndex(
    ({ label, beginMs, endMs: overMs }) => label.asset === asset && endMs > beginMs && endMs <= overMs,
  )
}

function warningsOf(
  { spans, assets: names, rows, endMs }: Dataset,
  assets: ReadonlySet<number>,
  raised: readonly RaisedAlert[],
): Warning[] {
  const judged = new Set([...assets].map((index) => names[index]!))
  const lastMs = rows > 0 ? endMs[rows - 1]! : 0
  return spans.flatMap(({ label, beginMs, failureMs }, span) => {
    if (!judged.has(label.asset) || failureMs > lastMs) return []
    const first = raised.find((alert) => alert.span === span && alert.endMs <= failureMs)
    const afterMs = first ? first.endMs - beginMs : null
    return [{ kind: label.kind, afterMs, growthMs: failureMs - beginMs }]
  })
}

const DAY_MS = 86_400_000

/** Time covered by the judged windows, from each machine's first to its last. */
function machineDays({ rows, asset, endMs }: Dataset, assets: ReadonlySet<number>): number {
  const first = new Map<number, number>()
  const last = new Map<number, number>()
  for (let row = 0; row < rows; row++) {
    const index = asset[row]!
    if (!assets.has(index)) continue
    if (!first.has(index)) first.set(index, endMs[row]!)
    last.set(index, endMs[row]!)
  }
  return [...first].reduce((sum, [index, from]) => sum + last.get(index)! - from, 0) / DAY_MS
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Four decimals of a share are more than a fleet of this size can tell. */
function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals))
}
