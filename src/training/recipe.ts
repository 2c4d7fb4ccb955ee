/**
 * The whole of `train --kind failure` between windows and a model: split by asset, scale, fit, and judge by what
 * the scorer of the live stream makes of machines that the net has not seen.
 */
import type { AlertRule } from '../core/alert.ts'
import type { WindowShape } from '../core/window.ts'
import type { Backend } from '../model/backend.ts'
import type { Manifest } from '../model/manifest.ts'
import { type NetworkFiles, networkFiles } from '../model/network.ts'
import type { Scaling } from '../model/scaling.ts'
import { createScorer } from '../model/scorer.ts'
import { countPositive, type Dataset, usedRows } from './dataset.ts'
import { type FitOptions, fitNetwork, requireNative } from './fit.ts'
import type { Horizon } from './horizon.ts'
import { makeManifest } from './record.ts'
import { fitScaling } from './scaler.ts'
import { splitAssets } from './split.ts'
import { type ThresholdRule, tuneThreshold } from './threshold.ts'
import { type Outcome, type Trial, tryModel } from './trial.ts'

export interface Recipe {
  readonly name: string
  readonly version: string
  /** Where the readings came from, in words. */
  readonly source: string
  readonly window: WindowShape
  readonly channels: readonly { readonly name: string; readonly unit: string | null }[]
  readonly horizon: Horizon
  /** The alert rule that the model is judged by; delays in windows. */
  readonly rule: WindowRule
  readonly fit: FitOptions
  /** Version of the program. */
  readonly code: string
  readonly licence: string
}

interface WindowRule extends AlertRule {
  readonly onDelay: { readonly windows: number }
  readonly offDelay: { readonly windows: number }
}

export interface TrainedModel {
  readonly manifest: Manifest
  readonly files: NetworkFiles
  readonly outcomes: readonly Outcome[]
}

/** Which assets do what: teach the net, stop the fit, judge the result. */
const SHARES = { teach: 0.8, stop: 0.2 } as const
const SHARES_WITH_TRIAL = { teach: 0.6, stop: 0.2, trial: 0.2 } as const

/** Makes the trials one after another, so that only one is in memory. */
export type Trials = () => Iterable<Trial>

/**
 * @param trials other fleets; null = a part of the dataset's own assets is kept for it
 * @param say told of each step, a line of text
 * @throws Failure `unavailable` on a backend other than the native one, `input` when the data does not suffice
 */
export async function trainFailureModel(
  backend: Backend,
  dataset: Dataset,
  recipe: Recipe,
  trials: Trials | null,
  say: (line: string) => void,
): Promise<TrainedModel> {
  requireNative(backend)
  const shares = Object.values(trials ? SHARES : SHARES_WITH_TRIAL)
  const [teachers, stoppers, kept] = splitAssets(dataset, shares, recipe.fit.seed)
  const rows = { teach: usedRows(dataset, teachers!), stop: usedRows(dataset, stoppers!) }
  say(
    `${rows.teach.length} windows of ${teachers!.size} assets, ${countPositive(dataset, rows.teach)} positive`,
  )
  const scaling = fitScaling(dataset, rows.teach)
  const baseline = tuneThreshold(dataset, rows.teach)
  const { files, epochs } = await fitFiles(backend, dataset, scaling, rows, recipe.fit, say)
  const own = () => [{ source: `${recipe.source}, assets kept apart`, dataset, assets: kept! }]
  const outcomes = await judge(backend, recipe, scaling, files, baseline, trials ?? own, say)
  const assets = { teachers: teachers!.size, stoppers: stoppers!.size }
  const run = { scaling, files, baseline, outcomes, epochs, ...assets, ...rows }
  const manifest = makeManifest(backend, dataset, recipe, run)
  return { manifest, files, outcomes }
}

async function fitFiles(
  backend: Backend,
  dataset: Dataset,
  scaling: Scaling,
  { teach, stop }: { readonly teach: Int32Array; readonly stop: Int32Array },
  options: FitOptions,
  say: (line: string) => void,
): Promise<{ readonly files: NetworkFiles; readonly epochs: number }> {
  const { network, epochs } = await fitNetwork(
    backend,
    dataset,
    scaling,
    { teach, judge: stop },
    options,
    (epoch) => say(`epoch ${epoch.epoch}: loss ${epoch.loss.toFixed(5)}`),
  )
  const files = await networkFiles(backend.tf, network)
  network.dispose()
  return { files, epochs }
}

async function judge(
  backend: Backend,
  { name, rule }: Recipe,
  scaling: Scaling,
  files: NetworkFiles,
  baseline: ThresholdRule,
  trials: Trials,
  say: (line: string) => void,
): Promise<Outcome[]> {
  const scorer = await createScorer(backend, name, scaling, files)
  const outcomes: Outcome[] = []
  try {
    for (const trial of trials()) {
      say(`judging by ${trial.source}`)
      outcomes.push(tryModel(scorer, baseline, rule, trial))
    }
  } finally {
    scorer.dispose()
  }
  return outcomes
}
