/** From a name in the config to a model that scores: find the folder, check it, load its net. */
import type { Category } from '../core/category.ts'
import type { Scorer } from '../core/ports.ts'
import { createAnomalyScorer } from './anomaly-scorer.ts'
import type { Backend } from './backend.ts'
import { findModel, readModel } from './folder.ts'
import { inputsOf } from './inputs.ts'
import type { Manifest } from './manifest.ts'
import { checkProbes } from './probe.ts'
import { createScorer } from './scorer.ts'

/** What a pipeline must know of its model, and the scorer. */
export interface ServedModel {
  readonly name: string
  readonly version: string
  readonly kind: Manifest['kind']
  /** In the order in which the scorer takes them. */
  readonly features: readonly string[]
  /** Attributes among the features, with the values that the model knows. */
  readonly categories: readonly Category[]
  readonly window: Manifest['window']
  /** Unit of each channel that it was trained on. */
  readonly units: Readonly<Record<string, string | null>>
  /** Changes with anything in the folder but its card. */
  readonly hash: string
  readonly manifest: Manifest
  readonly scorer: Scorer
}

/**
 * @param dir the folder of all models
 * @param wanted NAME or NAME@VERSION
 * @throws Failure `model` that names what is wrong and where
 */
export async function serveModel(backend: Backend, dir: string, wanted: string): Promise<ServedModel> {
  const folder = await readModel(await findModel(dir, wanted))
  const { manifest } = folder
  const inputs = inputsOf(manifest.features.names, manifest.steps)
  const name = `${manifest.name}@${manifest.version}`
  const { anomaly, calibration } = manifest
  const scorer = anomaly
    ? await createAnomalyScorer(backend, { name, inputs, files: folder, anomaly })
    : await createScorer(backend, { name, inputs, files: folder, calibration })
  try {
    checkProbes(scorer, manifest, folder.path)
  } catch (error) {
    scorer.dispose()
    throw error
  }
  return {
    name: manifest.name,
    version: manifest.version,
    kind: manifest.kind,
    features: manifest.features.names,
    categories: inputs.categories,
    window: manifest.window,
    units: Object.fromEntries(manifest.channels.map(({ name, unit }) => [name, unit])),
    hash: folder.hash,
    manifest,
    scorer,
  }
}
