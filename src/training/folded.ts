/**
 * A course of training in which every asset teaches: a net for each fold, stopped by that fold and taught by the
 * others, all averaged. Judged and calibrated by the cross-validation, in which no net, step or calibration has seen
 * the assets that it is judged by.
 */
import { calibrator } from '../model/calibration.ts'
import { crossValidate } from './crossval.ts'
import { countPositive, usedRows } from './dataset.ts'
import { calibrationOf, fitNets } from './ensemble.ts'
import { assetFolds } from './folds.ts'
import { fitInputs } from './prepare.ts'
import type { Course } from './recipe.ts'
import type { Trained } from './record.ts'
import { tuneThreshold } from './threshold.ts'
import { outcomeOf } from './trial.ts'
import { watchOf } from './watch.ts'

export async function trainFolded({ backend, dataset, recipe, listener }: Course): Promise<Trained> {
  const { fit, folds: count, calibration } = recipe
  const all = new Set(dataset.assets.keys())
  const used = usedRows(dataset, all)
  listener.say(`${used.length} windows of ${all.size} assets, ${countPositive(dataset, used)} positive`)
  const parts = assetFolds(dataset, all, count, fit.seed)
  const inputs = fitInputs(dataset, used, recipe.preparation)
  const watch = watchOf(listener, fit.epochs, 2 * count)
  const rows = parts.map((part, i) => ({
    teach: usedRows(dataset, new Set(parts.flatMap((set, other) => (other === i ? [] : [...set])))),
    judge: usedRows(dataset, part),
  }))
  const made = await fitNets(backend, dataset, inputs, rows, fit, watch('net'))
  made.dispose()
  const validated = made.interrupted
    ? null
    : await crossValidate(backend, dataset, parts, recipe, watch('fold'))
  const baseline = tuneThreshold(dataset, used)
  const { files, epochs, nets, history, interrupted } = made
  const net = { files, epochs, nets, history, interrupted }
  const rest = { inputs, baseline, teachers: all.size, stoppers: all.size, used, judges: used }
  if (validated === null) return { ...rest, made: { ...net, calibration: null }, outcomes: [], folds: null }
  const { raw, logistic, folds } = validated
  const risks = Float64Array.from(used, (row) => raw[row]!)
  const curve = calibrationOf(calibration, dataset, used, risks)
  const trial = { source: `${recipe.source}, each fold by nets that did not see it`, dataset, assets: all }
  const scores = { raw, logistic, model: raw.map(calibrator(curve)), thresholdRule: baseline }
  const outcomes = [outcomeOf(scores, recipe.rule, trial)]
  return { ...rest, made: { ...net, calibration: curve }, outcomes, folds }
}
