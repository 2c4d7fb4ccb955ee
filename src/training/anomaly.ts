/**
 * The whole of `train --kind anomaly` between windows and a model: split, prepare, fit the autoencoder and its linear
 * companion on normal windows, set limits, and judge by what the scorer of the live stream makes of windows kept apart.
 */

import { failure } from '../core/errors.ts'
import { FEATURES_VERSION } from '../core/features.ts'
import type { Scorer } from '../core/ports.ts'
import type { Anomaly, AnomalyLimits, JudgedAnomaly } from '../model/anomaly.ts'
import { createAnomalyScorer } from '../model/anomaly-scorer.ts'
import type { Backend } from '../model/backend.ts'
import { featuresHash } from '../model/fingerprint.ts'
import { sha256 } from '../model/folder.ts'
import { type Inputs, inputsOf } from '../model/inputs.ts'
import type { Manifest, Probe } from '../model/manifest.ts'
import { type NetworkFiles, networkFiles } from '../model/network.ts'
import { type AnomalyFit, fitAutoencoder } from './anomaly-fit.ts'
import { fitAxes, fitLimits, LIMIT_FACTOR, LIMIT_QUANTILE } from './anomaly-limits.ts'
import { type AnomalySplit, splitNormal } from './anomaly-split.ts'
import type { Dataset } from './dataset.ts'
import { requireNative } from './fit.ts'
import { everyNth, type Losses } from './history.ts'
import { curve, prAuc } from './metrics.ts'
import { fitInputs } from './prepare.ts'
import { probesOf } from './probes.ts'
import type { Listener, Recipe } from './recipe.ts'
import { trainingOf } from './record.ts'
import { scoresOf } from './trial.ts'
import { watchOf } from './watch.ts'

/** Most inputs: the components of more take minutes. */
const MOST_INPUTS = 512

/** Windows that set limits and judge; of more every n-th is taken. */
const MEASURED_ROWS = 100_000

/** A limit that is never met, to judge by the other statistic alone. */
const NEVER = Number.MAX_VALUE

/** What a recipe says of an anomaly model; nets, folds and calibration are a failure model's. */
export interface AnomalyRecipe extends Omit<Recipe, 'fit' | 'nets' | 'folds' | 'calibration'> {
  readonly fit: AnomalyFit
}

export interface AnomalyModel {
  readonly manifest: Manifest
  readonly files: NetworkFiles
}

/** @throws Failure `unavailable` on a backend other than the native one, `input` when the data does not suffice */
export async function trainAnomalyModel(
  backend: Backend,
  dataset: Dataset,
  recipe: AnomalyRecipe,
  listener: Listener,
): Promise<AnomalyModel> {
  requireNative(backend)
  const split = splitNormal(dataset, recipe.fit.seed)
  const { teach, stop } = split
  listener.say(`${teach.length} normal windows teach, ${stop.length} stop the fit and set limits`)
  const inputs = anomalyInputs(dataset, teach, recipe)
  const watch = watchOf(listener, recipe.fit.epochs, 1)('autoencoder')
  const fitted = await fitAutoencoder(backend, dataset, inputs, { teach, stop }, recipe.fit, watch)
  const files = await networkFiles(backend.tf, fitted.network)
  fitted.network.dispose()
  const axes = fitAxes(dataset, inputs, teach)
  const limits = await fitLimits(backend, dataset, inputs, files, axes, everyNth(stop, MEASURED_ROWS))
  const judged = await judge(backend, dataset, recipe, { inputs, files, limits, split })
  const interrupted = fitted.interrupted || (await listener.stopped())
  const { epochs, losses } = fitted
  const run = { inputs, files, limits, split, ...judged, epochs, losses, interrupted }
  return { manifest: makeManifest(backend, dataset, recipe, run), files }
}

/** Values beyond those that taught are what is looked for, so the scales are fitted with outliers held, but none is held. */
function anomalyInputs(dataset: Dataset, teach: Int32Array, { preparation }: AnomalyRecipe): Inputs {
  const { steps } = fitInputs(dataset, teach, { ...preparation, limits: 0 })
  const inputs = inputsOf(
    dataset.features,
    steps.filter(({ step }) => step !== 'winsorise'),
  )
  const count = inputs.names.length
  if (count <= MOST_INPUTS) return inputs
  throw failure(
    'input',
    `${count} inputs; an anomaly model takes ${MOST_INPUTS}: name fewer features in the pipeline`,
  )
}

interface Made {
  readonly inputs: Inputs
  readonly files: NetworkFiles
  readonly limits: AnomalyLimits
  readonly split: AnomalySplit
}

interface JudgedAll {
  readonly heldOut: Pick<Anomaly['heldOut'], 'model' | 'net' | 'companion'>
  readonly probes: Probe[]
}

/** Both statistics together as they are served, and each alone. */
async function judge(
  backend: Backend,
  dataset: Dataset,
  recipe: AnomalyRecipe,
  { inputs, files, limits, split }: Made,
): Promise<JudgedAll> {
  const normal = everyNth(split.judge, MEASURED_ROWS)
  const positive = everyNth(split.positive, MEASURED_ROWS)
  const tried = async <Result>(anomaly: AnomalyLimits, use: (scorer: Scorer) => Result) => {
    const scorer = await createAnomalyScorer(backend, { name: recipe.name, inputs, files, anomaly })
    try {
      return use(scorer)
    } finally {
      scorer.dispose()
    }
  }
  const measure = (scorer: Scorer) =>
    measured(scoresOf(scorer, dataset, normal), scoresOf(scorer, dataset, positive), recipe.rule.above)
  const { companion } = limits
  return {
    heldOut: {
      model: await tried(limits, measure),
      net: await tried({ ...limits, companion: { ...companion, limit: NEVER } }, measure),
      companion: await tried({ ...limits, limit: NEVER }, measure),
    },
    probes: await tried(limits, (scorer) =>
      probesOf(scorer, dataset, Int32Array.from([...normal, ...positive])),
    ),
  }
}

function measured(normal: Float64Array, positive: Float64Array, above: number): JudgedAnomaly {
  const share = (limit: number) => fixed(normal.filter((score) => score > limit).length / normal.length)
  const all = [...normal, ...positive]
  const labels = all.map((_, i) => (i < normal.length ? 0 : 1))
  return {
    beyondLimit: share(0.5),
    falseAlarms: share(above),
    prAuc: positive.length === 0 ? null : fixed(prAuc(curve(all, labels))),
  }
}

interface Run extends Made, JudgedAll {
  readonly epochs: number
  readonly losses: Losses
  readonly interrupted: boolean
}

function makeManifest(backend: Backend, dataset: Dataset, recipe: AnomalyRecipe, run: Run): Manifest {
  const { inputs, files, limits, split, heldOut, probes, epochs, losses, interrupted } = run
  const { name, version, window, channels, rule, fit, code, licence } = recipe
  const used = Int32Array.from([...split.teach, ...split.stop])
  const { teachers, stoppers } = split
  return {
    format: 2,
    ...{ name, version, kind: 'anomaly' },
    backend: { name: 'tensorflow', version: backend.version, files: 'tfjs-layers' },
    ...{ window, channels: [...channels] },
    features: {
      version: FEATURES_VERSION,
      hash: featuresHash(dataset.features),
      names: [...dataset.features],
    },
    steps: [...inputs.steps],
    outputs: [{ name: 'anomaly' }],
    thresholds: {
      above: rule.above,
      clearBelow: rule.clearBelow,
      onDelayWindows: rule.onDelay.windows,
      offDelayWindows: rule.offDelay.windows,
    },
    calibration: null,
    anomaly: {
      ...limits,
      quantile: LIMIT_QUANTILE,
      factor: LIMIT_FACTOR,
      heldOut: {
        by: split.by,
        limitWindows: split.stop.length,
        windows: split.judge.length,
        positive: split.positive.length,
        ...heldOut,
      },
    },
    probes,
    training: trainingOf(dataset, recipe, {
      ...{ used, teachers, stoppers, interrupted, folds: null },
      made: { epochs, nets: 1, history: [{ kept: epochs, ...losses }] },
    }),
    ...{ seed: fit.seed, code, results: [], baseline: 'none', licence },
    files: { 'model.json': sha256(files.topology), 'weights.bin': sha256(files.weights) },
  }
}
/** Four decimals of a share are more than so many windows can tell. */
function fixed(share: number): number {
  return Number(share.toFixed(4))
}
