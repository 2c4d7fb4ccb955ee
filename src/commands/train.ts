/**
 * `train`: readings from files or a simulated fleet → a model folder with its manifest and card. Says its steps on
 * standard error, and on standard output where the model is. Ctrl-C keeps the best net so far: the model is written
 * and says so, and the command ends with status 130.
 */
import { failure } from '../core/errors.ts'
import { shapeOf } from '../core/window.ts'
import { type Backend, loadBackend } from '../model/backend.ts'
import { writeModel } from '../model/folder.ts'
import type { Manifest } from '../model/manifest.ts'
import type { NetworkFiles } from '../model/network.ts'
import { ROW_UNIT } from '../model/rows.ts'
import { trainAnomalyModel } from '../training/anomaly.ts'
import { anomalyCard } from '../training/anomaly-card.ts'
import { ANOMALY_FIT } from '../training/anomaly-fit.ts'
import { modelCard } from '../training/card.ts'
import { type Dataset, datasetBuilder } from '../training/dataset.ts'
import { FIT_DEFAULTS, requireNative } from '../training/fit.ts'
import { type Listener, type Recipe, trainFailureModel } from '../training/recipe.ts'
import { INTERRUPTED, type Interrupt, listenForInterrupt } from './interrupt.ts'
import { filesSource } from './train-files.ts'
import { fleetSource } from './train-fleet.ts'
import { epochProgress, readingProgress, say } from './train-progress.ts'
import type { TrainingSource, TrainOptions } from './train-source.ts'
import { VERSION } from './version.ts'

/** The rule that models are judged by: the default of the config, and half a minute before an alert is cleared. */
const RULE = {
  rule: 'risk',
  above: 0.8,
  clearBelow: 0.6,
  onDelay: { windows: 2 },
  offDelay: { windows: 6 },
  severity: 'high',
} as const

/**
 * Windows of 5 s: two in a row above the limit came by chance twice in 30 healthy machine-days of pumps, three never;
 * people are told 5 s later (docs/decisions/0004).
 */
const FLEET_RULE = { ...RULE, onDelay: { windows: 3 } } as const

/**
 * A table's rows stand for themselves: nothing to wait for. The cut of a probability at which F1 is best lies at half
 * of that F1 (Z. Lipton et al., 2014): for a good model a little below a half.
 */
const TABLE_RULE = {
  ...RULE,
  above: 0.4,
  clearBelow: 0.4,
  onDelay: { windows: 1 },
  offDelay: { windows: 1 },
} as const

/** Rows of a table are few and sure: small batches, more patience, no sensor that falls silent on the way. */
const TABLE_FIT = {
  ...FIT_DEFAULTS,
  epochs: 60,
  batchRows: 3 * ROW_UNIT,
  patience: 10,
  blankShare: 0,
  learningRate: 0.002,
  l2: 3e-4,
}
const TABLE_FOLDS = 5

export async function train(options: TrainOptions): Promise<void> {
  const startedMs = performance.now()
  const backend = await loadBackend()
  requireNative(backend)
  const interrupt = listenForInterrupt(() => say('stopping; the best net so far is kept (again: at once)'))
  try {
    const source = await sourceOf(options)
    say(`reading ${source.source}`)
    const dataset = await datasetOf(source, interrupt)
    sayTally(dataset)
    const listener = { say, progress: epochProgress(), stopped: interrupt.stopped }
    const made = await learn(backend, dataset, source, options, listener)
    dataset.spilled?.close()
    const { path, changed } = await writeModel(
      options.output,
      made.manifest,
      made.files,
      made.card,
      options.replace,
    )
    const difference =
      changed.length === 0 ? 'no difference from what was there' : `written: ${changed.join(', ')}`
    say(`${difference}; took ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
    if (made.manifest.training.interrupted) {
      say('stopped by hand: the model is the best net until then')
      process.exitCode = INTERRUPTED
    }
    console.log(path)
  } finally {
    interrupt.close()
  }
}

interface Learned {
  readonly manifest: Manifest
  readonly files: NetworkFiles
  readonly card: string
}

async function learn(
  backend: Backend,
  dataset: Dataset,
  source: TrainingSource,
  options: TrainOptions,
  listener: Listener,
): Promise<Learned> {
  const recipe = recipeOf(source, options)
  if (options.kind === 'anomaly') {
    const fit = { ...ANOMALY_FIT, seed: options.seed }
    const made = await trainAnomalyModel(backend, dataset, { ...recipe, fit }, listener)
    return { ...made, card: anomalyCard(made.manifest, source.again) }
  }
  const made = await trainFailureModel(backend, dataset, recipe, source.trials, listener)
  return { ...made, card: modelCard(made.manifest, made.outcomes, source.again) }
}

/** Readings between two looks for a signal. */
const LOOK_EVERY = 50_000

async function datasetOf(source: TrainingSource, interrupt: Interrupt): Promise<Dataset> {
  const builder = datasetBuilder(source.labels, source.dataset)
  const progress = readingProgress(source.count)
  let count = 0
  for await (const reading of source.readings) {
    builder.take(reading)
    progress()
    if (++count % LOOK_EVERY === 0 && (await interrupt.stopped())) {
      throw failure('input', 'stopped while reading: there is no net to keep')
    }
  }
  return builder.finish()
}

/** Nothing is passed over in silence: readings that no window took are counted. */
function sayTally({ tally, badValues }: Dataset): void {
  if (badValues > 0) say(`${badValues} values of bad quality count as not measured`)
  if (tally.late + tally.duplicate === 0) return
  say(`${tally.windowed} readings windowed, ${tally.late} late, ${tally.duplicate} duplicates`)
}

async function sourceOf(options: TrainOptions): Promise<TrainingSource> {
  const { kind, input, simulate } = options
  if (kind === 'anomaly') refuseForeign(options)
  if (simulate !== undefined && input === undefined) return fleetSource(options, simulate)
  if (input !== undefined && simulate === undefined) return filesSource(options, input)
  throw failure('usage', 'train takes either --input FILE… --labels FILE or --simulate pump=100')
}

/** What only a failure model has is not passed over in silence. */
function refuseForeign({ input, simulate, folds, nets = 1 }: TrainOptions): void {
  const foreign = simulate !== undefined || input === undefined ? '--simulate' : folds ? '--folds' : '--nets'
  if (foreign === '--nets' && nets === 1) return
  throw failure(
    'usage',
    `train --kind anomaly learns one net from --input FILE…; ${foreign} is for --kind failure`,
  )
}

function recipeOf(
  { name, version, source, licence, channels, dataset, preparation }: TrainingSource,
  { seed, folds, nets = 1, calibration = 'platt', simulate }: TrainOptions,
): Recipe {
  const table = dataset.table === true
  return {
    ...{ name, version, source, channels, preparation, calibration, licence },
    window: shapeOf(dataset.window),
    horizon: dataset.horizon,
    rule: table ? TABLE_RULE : simulate ? FLEET_RULE : RULE,
    fit: { ...(table ? TABLE_FIT : FIT_DEFAULTS), seed },
    nets,
    folds: folds ?? (table ? TABLE_FOLDS : 0),
    code: VERSION,
  }
}
