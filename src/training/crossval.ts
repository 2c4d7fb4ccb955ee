/**
 * k-fold cross-validation by asset: how good a model of this recipe is on machines that it has not seen, and how
 * much that depends on which ones. Each fold is judged by a net that the others taught and the next one stopped;
 * steps, net, calibration and baseline are all made anew without it.
 */
import type { Backend } from '../model/backend.ts'
import { calibrator } from '../model/calibration.ts'
import type { Manifest } from '../model/manifest.ts'
import { createScorer } from '../model/scorer.ts'
import { type Dataset, usedRows } from './dataset.ts'
import { fitEnsemble } from './ensemble.ts'
import type { Watch } from './fit.ts'
import { POSITIVE } from './horizon.ts'
import { logisticBaseline } from './logistic-baseline.ts'
import { confusion, curve, f1Of, prAuc, rocAuc } from './metrics.ts'
import { fitInputs } from './prepare.ts'
import type { Recipe } from './recipe.ts'
import { brierScore } from './reliability.ts'
import { scoresOf } from './trial.ts'

export type Folds = NonNullable<Manifest['training']['folds']>

export interface Validated {
  readonly folds: Folds
  /** One per row of the dataset, by the net that did not see its asset, before calibration; 0 where none did. */
  readonly raw: Float64Array
  /** The same by the logistic regression. */
  readonly logistic: Float64Array
}

/**
 * @param parts assets of each fold
 * @returns null when it was stopped on the way
 */
export async function crossValidate(
  backend: Backend,
  dataset: Dataset,
  parts: readonly ReadonlySet<number>[],
  recipe: Recipe,
  watch: Watch,
): Promise<Validated | null> {
  const { fit, calibration, preparation, rule } = recipe
  const raw = new Float64Array(dataset.rows)
  const logistic = new Float64Array(dataset.rows)
  const results: { prAuc: number; rocAuc: number; f1: number; brier: number }[] = []
  for (let fold = 0; fold < parts.length; fold++) {
    if (await watch.stopped()) return null
    const next = (fold + 1) % parts.length
    const teachers = new Set(parts.flatMap((set, i) => (i === fold || i === next ? [] : [...set])))
    const rows = { teach: usedRows(dataset, teachers), judge: usedRows(dataset, parts[next]!) }
    const inputs = fitInputs(dataset, rows.teach, preparation)
    const made = await fitEnsemble(backend, dataset, inputs, rows, { fit, nets: 1, calibration }, watch)
    if (made.interrupted) return null
    const scorer = await createScorer(backend, {
      name: recipe.name,
      inputs,
      files: made.files,
      calibration: null,
    })
    const all = rowsOf(dataset, parts[fold]!)
    put(raw, all, scoresOf(scorer, dataset, all))
    put(logistic, all, scoresOf(logisticBaseline(dataset, inputs, rows.teach), dataset, all))
    scorer.dispose()
    const judged = usedRows(dataset, parts[fold]!)
    const scores = Float64Array.from(judged, (row) => raw[row]!).map(calibrator(made.calibration))
    results.push(measured(dataset, judged, scores, rule.above))
  }
  const spread = (pick: (result: (typeof results)[number]) => number) => spreadOf(results.map(pick))
  const folds = {
    count: parts.length,
    prAuc: spread((result) => result.prAuc),
    rocAuc: spread((result) => result.rocAuc),
    f1: spread((result) => result.f1),
    brier: spread((result) => result.brier),
  }
  return { folds, raw, logistic }
}

/** All rows of assets, whatever their target. */
function rowsOf({ rows, asset }: Dataset, assets: ReadonlySet<number>): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => row).filter((row) => assets.has(asset[row]!))
}

function put(into: Float64Array, rows: Int32Array, scores: Float64Array): void {
  rows.forEach((row, i) => {
    into[row] = scores[i]!
  })
}

function measured(dataset: Dataset, rows: Int32Array, scores: Float64Array, above: number) {
  const positive = Uint8Array.from(rows, (row) => (dataset.target[row] === POSITIVE ? 1 : 0))
  const points = curve(scores, positive)
  return {
    prAuc: prAuc(points),
    rocAuc: rocAuc(points),
    f1: f1Of(confusion(scores, positive, above)),
    brier: brierScore(scores, positive),
  }
}

/** Mean and standard deviation of the sample. */
function spreadOf(values: readonly number[]): { readonly mean: number; readonly sd: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean: fixed(mean), sd: fixed(Math.sqrt(squares / (values.length - 1))) }
}

function fixed(value: number): number {
  return Number(value.toFixed(5))
}
