/**
 * `train`: readings from files or a simulated fleet → a model folder with its manifest and card. Says its steps on
 * standard error, and on standard output where the model is.
 */
import { failure } from '../core/errors.ts'
import { shapeOf } from '../core/window.ts'
import { loadBackend } from '../model/backend.ts'
import { writeModel } from '../model/folder.ts'
import { modelCard } from '../training/card.ts'
import { buildDataset, type Dataset } from '../training/dataset.ts'
import { FIT_DEFAULTS, requireNative } from '../training/fit.ts'
import { type Recipe, trainFailureModel } from '../training/recipe.ts'
import { filesSource } from './train-files.ts'
import { fleetSource } from './train-fleet.ts'
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

export async function train(options: TrainOptions): Promise<void> {
  const startedMs = performance.now()
  const backend = await loadBackend()
  requireNative(backend)
  const source = await sourceOf(options)
  say(`reading ${source.source}`)
  const dataset = buildDataset(source.readings, source.labels, source.dataset)
  sayTally(dataset)
  const recipe = recipeOf(source, options.seed)
  const { manifest, files, outcomes } = await trainFailureModel(backend, dataset, recipe, source.trials, say)
  const card = modelCard(manifest, outcomes, source.again)
  const { path, changed } = await writeModel(options.output, manifest, files, card, options.replace)
  const difference =
    changed.length === 0 ? 'no difference from what was there' : `written: ${changed.join(', ')}`
  say(`${difference}; took ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
  console.log(path)
}

function say(line: string): void {
  process.stderr.write(`train: ${line}\n`)
}

/** Nothing is passed over in silence: readings that no window took are counted. */
function sayTally({ tally }: Dataset): void {
  if (tally.late + tally.duplicate === 0) return
  say(`${tally.windowed} readings windowed, ${tally.late} late, ${tally.duplicate} duplicates`)
}

async function sourceOf(options: TrainOptions): Promise<TrainingSource> {
  const { input, simulate } = options
  if (simulate !== undefined && input === undefined) return fleetSource(options, simulate)
  if (input !== undefined && simulate === undefined) return filesSource(options, input)
  throw failure('usage', 'train takes either --input FILE… --labels FILE or --simulate pump=100')
}

function recipeOf(
  { name, version, source, licence, channels, dataset }: TrainingSource,
  seed: number,
): Recipe {
  return {
    name,
    version,
    source,
    window: shapeOf(dataset.window),
    channels,
    horizon: dataset.horizon,
    rule: RULE,
    fit: { ...FIT_DEFAULTS, seed },
    code: VERSION,
    licence,
  }
}
