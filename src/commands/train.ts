/**
 * `train`: readings from files or a simulated fleet → a model folder with its manifest and card. Says its steps on
 * standard error, and on standard output where the model is.
 */
import type { FleetCounts } from '../../simulators/fleet.ts'
import { failure } from '../core/errors.ts'
import { loadBackend } from '../model/backend.ts'
import { writeModel } from '../model/folder.ts'
import { modelCard } from '../training/card.ts'
import { buildDataset, type DatasetOptions } from '../training/dataset.ts'
import { FIT_DEFAULTS, requireNative } from '../training/fit.ts'
import type { FailureLabel } from '../training/horizon.ts'
import { type Recipe, type Trials, trainFailureModel } from '../training/recipe.ts'
import type { Readings } from '../training/windows.ts'
import { fleetSource } from './train-fleet.ts'
import { VERSION } from './version.ts'

export interface TrainOptions {
  readonly kind: 'failure'
  readonly config?: string
  readonly pipeline?: string
  readonly map?: string
  readonly input?: readonly string[]
  readonly labels?: string
  readonly simulate?: FleetCounts
  /** Length of the simulation, and between readings of a machine, in ms. */
  readonly duration: number
  readonly interval: number
  readonly seed: number
  /** Ms before a failure in which a window counts as failing. */
  readonly horizon?: number
  readonly replace?: boolean
  readonly output: string
}

/** What to learn from: the same for files and fleets. */
export interface TrainingSource {
  readonly name: string
  readonly version: string
  /** Where the readings come from, in words. */
  readonly source: string
  readonly licence: string
  /** The command that makes the model once more. */
  readonly again: string
  readonly channels: Recipe['channels']
  readonly dataset: DatasetOptions
  readonly labels: readonly FailureLabel[]
  readings(): Readings
  /** Fleets of other seeds to judge by; null = keep a part of the assets for it. */
  readonly trials: Trials | null
}

/** The rule that models are judged by: the default of the config, and half a minute before an alert is cleared. */
const RULE = {
  rule: 'risk',
  above: 0.8,
  clearBelow: 0.6,
  onDelay: { windows: 2 },
  offDelay: { windows: 6 },
  severity: 'high',
} as const

export async function train(options: TrainOptions): Promise<void> {
  const startedMs = performance.now()
  const say = (line: string) => {
    process.stderr.write(`train: ${line}\n`)
  }
  const backend = await loadBackend()
  requireNative(backend)
  const source = await sourceOf(options)
  say(`reading ${source.source}`)
  const dataset = await buildDataset(source.readings(), source.labels, source.dataset)
  const recipe = recipeOf(source, options.seed)
  const { manifest, files, outcomes } = await trainFailureModel(backend, dataset, recipe, source.trials, say)
  const card = modelCard(manifest, outcomes, source.again)
  const { path, changed } = await writeModel(options.output, manifest, files, card, options.replace)
  const difference =
    changed.length === 0 ? 'no difference from what was there' : `written: ${changed.join(', ')}`
  say(`${difference}; took ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
  console.log(path)
}

async function sourceOf(options: TrainOptions): Promise<TrainingSource> {
  if ((options.simulate === undefined) === (options.input === undefined)) {
    throw failure('usage', 'train takes either --input FILE… --labels FILE or --simulate pump=100')
  }
  return fleetSource(options)
}

function recipeOf(
  { name, version, source, licence, channels, dataset }: TrainingSource,
  seed: number,
): Recipe {
  const { sizeMs, hopMs } = dataset.window
  return {
    name,
    version,
    source,
    window: { sizeMs, hopMs },
    channels,
    horizon: dataset.horizon,
    rule: RULE,
    fit: { ...FIT_DEFAULTS, seed },
    code: VERSION,
    licence,
  }
}
