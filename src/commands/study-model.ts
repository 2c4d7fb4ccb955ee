/**
 * `study skab --kind anomaly`: an anomaly model for one run, taught by its first rows alone, as a folder that the lane
 * loads like any other. Seeded, so that the study gives the same figures again.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PipelineSettings, Settings } from '../config/settings.ts'
import { featureNames } from '../core/features.ts'
import { shapeOf } from '../core/window.ts'
import type { PlainReading } from '../core/windowed.ts'
import { loadBackend } from '../model/backend.ts'
import { writeModel } from '../model/folder.ts'
import { trainAnomalyModel } from '../training/anomaly.ts'
import { anomalyCard } from '../training/anomaly-card.ts'
import { ANOMALY_FIT } from '../training/anomaly-fit.ts'
import { buildDataset } from '../training/dataset.ts'
import { PLAIN_PREPARATION } from '../training/prepare.ts'
import { VERSION } from './version.ts'

const SEED = 1
const LISTENER = { say() {}, progress() {}, stopped: async () => false }

export interface RunModel {
  /** Those given, with the model in the pipeline's place of one. */
  readonly settings: Settings
  dispose(): Promise<void>
}

/**
 * @param readings rows that may teach; none of them labelled
 * @throws Failure `unavailable` without the native backend, `input` when the rows do not suffice
 */
export async function runModel(
  settings: Settings,
  pipeline: PipelineSettings,
  readings: readonly PlainReading[],
): Promise<RunModel> {
  const channels = [...new Set(readings.flatMap(({ values }) => Object.keys(values)))]
  const horizon = { share: 1, beforeMs: null, afterMs: 0 }
  const { name, window, alerts } = pipeline
  const dataset = buildDataset(readings, [], { channels, features: featureNames(channels), window, horizon })
  const recipe = {
    ...{
      name,
      version: '1.0.0',
      source: `the first ${readings.length} rows of a run`,
      licence: 'not stated',
    },
    ...{ window: shapeOf(window), horizon, preparation: PLAIN_PREPARATION, code: VERSION },
    channels: channels.map((channel) => ({ name: channel, unit: null })),
    rule: { ...alerts[0]!, onDelay: { windows: 2 }, offDelay: { windows: 6 } },
    fit: { ...ANOMALY_FIT, seed: SEED },
  }
  const { manifest, files } = await trainAnomalyModel(await loadBackend(), dataset, recipe, LISTENER)
  const dir = await mkdtemp(join(tmpdir(), 'forewarn-study-'))
  await writeModel(dir, manifest, files, anomalyCard(manifest, 'forewarn study skab --kind anomaly'))
  const served = { ...pipeline, model: `${name}@${manifest.version}` }
  return {
    settings: { ...settings, models: { ...settings.models, dir }, pipelines: [served] },
    dispose: () => rm(dir, { recursive: true, force: true }),
  }
}
