/** Everything that a training run knows → the manifest of its model (design 4.6). */
import { FEATURES_VERSION } from '../core/features.ts'
import type { Backend } from '../model/backend.ts'
import { featuresHash } from '../model/fingerprint.ts'
import { sha256 } from '../model/folder.ts'
import type { Inputs } from '../model/inputs.ts'
import type { Manifest, Measured, Probe } from '../model/manifest.ts'
import type { Folds } from './crossval.ts'
import { countPositive, type Dataset, datasetHash } from './dataset.ts'
import type { Made } from './ensemble.ts'
import type { Recipe } from './recipe.ts'
import type { ThresholdRule } from './threshold.ts'
import { type Outcome, ruleText } from './trial.ts'

/** What came out of the run. */
export interface Trained {
  readonly inputs: Inputs
  readonly made: Made
  readonly baseline: ThresholdRule
  readonly outcomes: readonly Outcome[]
  readonly folds: Folds | null
  /** Assets that taught, and others that stopped the fit; with folds each does both. */
  readonly teachers: number
  readonly stoppers: number
  /** Rows of all of them that were used. */
  readonly used: Int32Array
  /** Those of assets that stopped the fit. */
  readonly judges: Int32Array
}

export interface Run extends Omit<Trained, 'judges'> {
  readonly probes: readonly Probe[]
  readonly interrupted: boolean
}

export function makeManifest(backend: Backend, dataset: Dataset, recipe: Recipe, run: Run): Manifest {
  const { inputs, made, outcomes, probes } = run
  const { name, version, window, channels, rule, fit, code, licence } = recipe
  return {
    format: 2,
    name,
    version,
    kind: 'failure',
    backend: { name: 'tensorflow', version: backend.version, files: 'tfjs-layers' },
    window,
    channels: [...channels],
    features: {
      version: FEATURES_VERSION,
      hash: featuresHash(dataset.features),
      names: [...dataset.features],
    },
    steps: [...inputs.steps],
    outputs: [{ name: 'failureProbability' }],
    thresholds: {
      above: rule.above,
      clearBelow: rule.clearBelow,
      onDelayWindows: rule.onDelay.windows,
      offDelayWindows: rule.offDelay.windows,
    },
    calibration: made.calibration,
    probes: [...probes],
    training: trainingOf(dataset, recipe, run),
    seed: fit.seed,
    code,
    results: outcomes.map(({ source, model, thresholdRule, logistic, reliability }) => ({
      source,
      model: measured(model),
      thresholdRule: measured(thresholdRule),
      logistic: measured(logistic),
      reliability,
    })),
    baseline: ruleText(run.baseline),
    licence,
    files: { 'model.json': sha256(made.files.topology), 'weights.bin': sha256(made.files.weights) },
  }
}

/** What a manifest tells of the course of a training. */
interface Told extends Pick<Trained, 'used' | 'teachers' | 'stoppers' | 'folds'> {
  readonly made: Pick<Made, 'epochs' | 'nets' | 'history'>
  readonly interrupted: boolean
}

export function trainingOf(
  dataset: Dataset,
  { source, horizon, window }: Pick<Recipe, 'source' | 'horizon' | 'window'>,
  { used, teachers, stoppers, made, interrupted, folds }: Told,
): Manifest['training'] {
  return {
    source,
    hash: datasetHash(dataset),
    rows: used.length,
    positiveRows: countPositive(dataset, used),
    assets: teachers,
    validationAssets: stoppers,
    // Where only the end of a window tells its time, the data begins no later than that.
    fromMs:
      dataset.endMs.reduce((least, end) => Math.min(least, end)) - ('sizeMs' in window ? window.sizeMs : 0),
    toMs: dataset.endMs.reduce((most, end) => Math.max(most, end)),
    horizon,
    epochs: made.epochs,
    nets: made.nets,
    interrupted,
    folds,
    history: [...made.history],
  }
}

/** Without what only the card tells. */
function measured({ windows, alerts }: Measured): Measured {
  return { windows, alerts }
}
