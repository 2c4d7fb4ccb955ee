/**
 * The whole of `train --kind failure` between windows and a model: split by asset, prepare, fit, calibrate, and judge
 * by what the scorer of the live stream makes of machines that the net has not seen.
 */
import type { AlertRule } from '../core/alert.ts'
import type { WindowShape } from '../core/window.ts'
import type { Backend } from '../model/backend.ts'
import type { Manifest } from '../model/manifest.ts'
import type { NetworkFiles } from '../model/network.ts'
import type { CalibrationMethod } from './calibrate.ts'
import type { Dataset } from './dataset.ts'
import { type FitOptions, requireNative } from './fit.ts'
import { trainFolded } from './folded.ts'
import type { Horizon } from './horizon.ts'
import { trainSplit } from './parted.ts'
import type { Preparation } from './prepare.ts'
import { chooseProbes } from './probes.ts'
import { makeManifest } from './record.ts'
import type { Outcome, Trial } from './trial.ts'

export interface Recipe {
  readonly name: string
  readonly version: string
  /** Where the readings came from, in words. */
  readonly source: string
  readonly window: WindowShape
  readonly channels: readonly { readonly name: string; readonly unit: string | null }[]
  readonly horizon: Horizon
  readonly preparation: Preparation
  /** The alert rule that the model is judged by; delays in windows. */
  readonly rule: WindowRule
  readonly fit: FitOptions
  /** Nets of other seeds whose outputs are averaged. */
  readonly nets: number
  /** Folds of the cross-validation; 0 = none. */
  readonly folds: number
  readonly calibration: CalibrationMethod
  /** Version of the program. */
  readonly code: string
  readonly licence: string
}

/** What a course of training works with. */
export interface Course {
  readonly backend: Backend
  readonly dataset: Dataset
  readonly recipe: Recipe
  readonly listener: Listener
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

/** How training talks to whoever started it. */
export interface Listener {
  /** Told of each step, a line of text. */
  say(line: string): void
  /** Told after each epoch: how many are done, and how many there can be at most. */
  progress(done: number, of: number, line: string): void
  /** Awaited now and then, so that signals get through. @returns true to stop with the best so far */
  stopped(): Promise<boolean>
}

/** Makes the trials one after another, so that only one is in memory. */
export type Trials = () => Iterable<Trial>

/**
 * Judged by other fleets when there are some, else by a fifth of its own assets that is kept for it; or, with folds
 * and no other fleets, fold by fold, so that all assets teach (`folded.ts`).
 * @throws Failure `unavailable` on a backend other than the native one, `input` when the data does not suffice
 */
export async function trainFailureModel(
  backend: Backend,
  dataset: Dataset,
  recipe: Recipe,
  trials: Trials | null,
  listener: Listener,
): Promise<TrainedModel> {
  requireNative(backend)
  const course: Course = { backend, dataset, recipe, listener }
  const trained =
    trials === null && recipe.folds > 0 ? await trainFolded(course) : await trainSplit(course, trials)
  const { inputs, made, judges, ...run } = trained
  const probes = await chooseProbes(backend, dataset, judges, { inputs, ...made })
  const interrupted = made.interrupted || (await listener.stopped())
  const manifest = makeManifest(backend, dataset, recipe, { ...run, inputs, made, probes, interrupted })
  return { manifest, files: made.files, outcomes: run.outcomes }
}
