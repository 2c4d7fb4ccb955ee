/** Everything that a training run knows → the manifest of its model (design 4.6). */
import { FEATURES_VERSION } from '../core/features.ts'
import type { Backend } from '../model/backend.ts'
import { featuresHash } from '../model/fingerprint.ts'
import { sha256 } from '../model/folder.ts'
import type { Manifest, Measured } from '../model/manifest.ts'
import type { NetworkFiles } from '../model/network.ts'
import type { Scaling } from '../model/scaling.ts'
import { countPositive, type Dataset, datasetHash } from './dataset.ts'
import type { Recipe } from './recipe.ts'
import type { ThresholdRule } from './threshold.ts'
import { type Outcome, ruleText } from './trial.ts'

/** What came out of the run. */
export interface Run {
  readonly scaling: Scaling
  readonly files: NetworkFiles
  readonly baseline: ThresholdRule
  readonly outcomes: readonly Outcome[]
  readonly epochs: number
  readonly teachers: number
  readonly stoppers: number
  /** Rows that taught, and rows that stopped the fit. */
  readonly teach: Int32Array
  readonly stop: Int32Array
}

export function makeManifest(backend: Backend, dataset: Dataset, recipe: Recipe, run: Run): Manifest {
  const { scaling, files, epochs } = run
  const { mean, std, clip, missing } = scaling
  const { name, version, window, channels, rule, fit, code, licence } = recipe
  return {
    format: 1,
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
    scaler: { mean: [...mean], std: [...std], clip },
    missing: { values: [...missing] },
    outputs: [{ name: 'failureProbability' }],
    thresholds: {
      above: rule.above,
      clearBelow: rule.clearBelow,
      onDelayWindows: rule.onDelay.windows,
      offDelayWindows: rule.offDelay.windows,
    },
    calibration: null,
    training: trainingOf(dataset, recipe, run, epochs),
    seed: fit.seed,
    code,
    results: run.outcomes.map(({ source, model, thresholdRule }) => ({
      source,
      model: measured(model),
      thresholdRule: measured(thresholdRule),
    })),
    baseline: ruleText(run.baseline),
    licence,
    files: { 'model.json': sha256(files.topology), 'weights.bin': sha256(files.weights) },
  }
}

function trainingOf(
  dataset: Dataset,
  { source, horizon, window }: Recipe,
  { teach, stop, teachers, stoppers }: Run,
  epochs: number,
): Manifest['training'] {
  return {
    source,
    hash: datasetHash(dataset),
    rows: teach.length + stop.length,
    positiveRows: countPositive(dataset, teach) + countPositive(dataset, stop),
    assets: teachers,
    validationAssets: stoppers,
    // Where only the end of a window tells its time, the data begins no later than that.
    fromMs:
      dataset.endMs.reduce((least, end) => Math.min(least, end)) - ('sizeMs' in window ? window.sizeMs : 0),
    toMs: dataset.endMs.reduce((most, end) => Math.max(most, end)),
    horizon,
    epochs,
  }
}

/** Without what only the card tells. */
function measured({ windows, alerts }: Measured): Measured {
  return { windows, alerts }
}
