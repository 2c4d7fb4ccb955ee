/** A course of training with the assets split once: most teach, some stop the fit and calibrate it, others judge. */
import type { Scorer } from '../core/ports.ts'
import type { Backend } from '../model/backend.ts'
import type { Calibration } from '../model/calibration.ts'
import type { Inputs } from '../model/inputs.ts'
import { createScorer } from '../model/scorer.ts'
import { crossValidate } from './crossval.ts'
import { countPositive, usedRows } from './dataset.ts'
import { fitEnsemble, type Made } from './ensemble.ts'
import { assetFolds } from './folds.ts'
import { logisticBaseline } from './logistic-baseline.ts'
import { fitInputs } from './prepare.ts'
import type { Course, Listener, Recipe, Trials } from './recipe.ts'
import type { Trained } from './record.ts'
import { splitAssets } from './split.ts'
import { type ThresholdRule, tuneThreshold } from './threshold.ts'
import { type Outcome, tryModel } from './trial.ts'
import { watchOf } from './watch.ts'

/** Which assets do what. */
const SHARES = { teach: 0.8, stop: 0.2 } as const
const SHARES_WITH_TRIAL = { teach: 0.6, stop: 0.2, trial: 0.2 } as const

/** @param trials other fleets; null = a part of the dataset's own assets is kept for it */
export async function trainSplit(course: Course, trials: Trials | null): Promise<Trained> {
  const { backend, dataset, recipe, listener } = course
  const { fit, nets, folds: count, calibration } = recipe
  const shares = Object.values(trials ? SHARES : SHARES_WITH_TRIAL)
  const [teachers, stoppers, kept] = splitAssets(dataset, shares, fit.seed)
  const rows = { teach: usedRows(dataset, teachers!), judge: usedRows(dataset, stoppers!) }
  const positives = countPositive(dataset, rows.teach)
  listener.say(`${rows.teach.length} windows of ${teachers!.size} assets, ${positives} positive`)
  const inputs = fitInputs(dataset, rows.teach, recipe.preparation)
  const watch = watchOf(listener, fit.epochs, nets + count)
  // First of all: whoever stops the training by hand has the net that matters.
  const made = await fitEnsemble(backend, dataset, inputs, rows, { fit, nets, calibration }, watch('net'))
  const both = new Set([...teachers!, ...stoppers!])
  const parts = count === 0 ? [] : assetFolds(dataset, both, count, fit.seed)
  const validated =
    count === 0 || made.interrupted
      ? null
      : await crossValidate(backend, dataset, parts, recipe, watch('fold'))
  const baseline = tuneThreshold(dataset, rows.teach)
  const own = () => [{ source: `${recipe.source}, assets kept apart`, dataset, assets: kept! }]
  const contest = { recipe, inputs, made, baseline }
  const logistic = () => logisticBaseline(dataset, inputs, rows.teach)
  const outcomes = await judge(backend, contest, logistic, trials ?? own, listener)
  return {
    ...{ inputs, made, baseline, outcomes, folds: validated?.folds ?? null, judges: rows.judge },
    ...{ teachers: teachers!.size, stoppers: stoppers!.size, used: usedRows(dataset, both) },
  }
}

interface Contest {
  readonly recipe: Recipe
  readonly inputs: Inputs
  readonly made: Made
  readonly baseline: ThresholdRule
}

async function judge(
  backend: Backend,
  { recipe, inputs, made, baseline }: Contest,
  makeLogistic: () => Scorer,
  trials: Trials,
  listener: Listener,
): Promise<Outcome[]> {
  if (await listener.stopped()) return []
  const scorer = (calibration: Calibration) =>
    createScorer(backend, { name: recipe.name, inputs, files: made.files, calibration })
  const model = await scorer(made.calibration)
  const raw = await scorer(null)
  const contestants = { model, raw, logistic: makeLogistic(), thresholdRule: baseline }
  const outcomes: Outcome[] = []
  try {
    for (const trial of trials()) {
      if (await listener.stopped()) break
      listener.say(`judging by ${trial.source}`)
      outcomes.push(tryModel(contestants, recipe.rule, trial))
    }
  } finally {
    model.dispose()
    raw.dispose()
  }
  return outcomes
}
