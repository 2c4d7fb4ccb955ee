/** Which pipeline `evaluate` judges: that of a config, with another model if one is named, or the model's own. */

import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { PipelineSettings, Settings } from '../config/settings.ts'
import { failure } from '../core/errors.ts'
import type { Patience, WindowShape } from '../core/window.ts'
import { findModel, type ModelFolder, readModel } from '../model/folder.ts'
import type { Manifest } from '../model/manifest.ts'
import { configOf } from './config.ts'

export interface JudgedPipeline {
  /** With this pipeline alone. */
  readonly settings: Settings
  readonly pipeline: PipelineSettings
  readonly folder: ModelFolder | null
}

export interface PipelineChoice {
  readonly config?: string | undefined
  readonly pipeline?: string | undefined
  /** Folder of a version, or of a model, of which the newest version is meant. */
  readonly model?: string | undefined
}

/** @throws Failure `usage`, `config` or `model` that says what is missing */
export async function judgedPipeline(choice: PipelineChoice): Promise<JudgedPipeline> {
  const { settings } = configOf(choice.config === undefined ? {} : { config: choice.config })
  const given = choice.model === undefined ? null : await readModel(await versionFolder(choice.model))
  if (given && choice.config === undefined && choice.pipeline === undefined) {
    return withModel(settings, ownPipeline(given.manifest), given)
  }
  const pipeline = chosen(settings.pipelines, choice.pipeline, given?.manifest.name)
  if (given) return withModel(settings, pipeline, given)
  if (pipeline.model === null)
    return { settings: { ...settings, pipelines: [pipeline] }, pipeline, folder: null }
  return withModel(settings, pipeline, await readModel(await findModel(settings.models.dir, pipeline.model)))
}

async function versionFolder(dir: string): Promise<string> {
  const path = resolve(dir)
  return existsSync(join(path, 'manifest.json')) ? path : findModel(dirname(path), basename(path))
}

function withModel(settings: Settings, pipeline: PipelineSettings, folder: ModelFolder): JudgedPipeline {
  const { name, version } = folder.manifest
  const served = { ...pipeline, model: `${name}@${version}` }
  const models = { dir: dirname(dirname(resolve(folder.path))) }
  return { settings: { ...settings, models, pipelines: [served] }, pipeline: served, folder }
}

/** The one that is named; else the one with the model; else the only one. */
function chosen(
  pipelines: readonly PipelineSettings[],
  name: string | undefined,
  model: string | undefined,
): PipelineSettings {
  const names = pipelines.map((pipeline) => pipeline.name).join(', ')
  if (name !== undefined) {
    const found = pipelines.find((pipeline) => pipeline.name === name)
    if (found) return found
    throw failure('usage', `no pipeline ${name}; there are ${names}`)
  }
  const served = pipelines.filter(
    (pipeline) => model !== undefined && pipeline.model?.split('@')[0] === model,
  )
  const [only] = served.length > 0 ? served : pipelines
  if (only && (served.length === 1 || pipelines.length === 1)) return only
  throw failure('usage', `--pipeline: one of ${names}`)
}

/** Share of the window that readings may be late, and its limit. */
const LATENESS_SHARE = 0.2
const MOST_LATENESS_MS = 10_000
/** After it a window of a count closes with what it has. */
const COUNT_IDLE_MS = 3_600_000

/** As the manifest says, for all assets: what a model is served with when no config says otherwise. */
function ownPipeline({ name, window, thresholds }: Manifest): PipelineSettings {
  return {
    name,
    assets: '*',
    window: { ...window, ...patienceOf(window) },
    features: 'default',
    model: name,
    alerts: [
      {
        rule: 'risk',
        above: thresholds.above,
        clearBelow: thresholds.clearBelow,
        onDelay: { windows: thresholds.onDelayWindows },
        offDelay: { windows: thresholds.offDelayWindows },
        severity: 'high',
      },
    ],
  }
}

/** Counts and sessions close by what comes. */
function patienceOf(shape: WindowShape): Patience {
  if (!('sizeMs' in shape)) return { latenessMs: 0, idleMs: 'gapMs' in shape ? shape.gapMs : COUNT_IDLE_MS }
  const latenessMs = Math.min(MOST_LATENESS_MS, Math.round(LATENESS_SHARE * shape.sizeMs))
  return { latenessMs, idleMs: 2 * shape.sizeMs }
}
