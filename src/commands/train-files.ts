/** `train --input`: recorded readings and labels to learn from, by the windows of a pipeline of the config. */
import { basename } from 'node:path'
import type { AssetGroupSettings, PipelineSettings, Settings } from '../config/settings.ts'
import { failure } from '../core/errors.ts'
import { channelsOf, featureNames } from '../core/features.ts'
import type { Plausible } from '../core/layout.ts'
import { assetPattern } from '../core/match.ts'
import type { PlainReading } from '../core/windowed.ts'
import { readLabels } from '../formats/labels.ts'
import { readMap } from '../formats/recording.ts'
import type { FailureLabel } from '../training/horizon.ts'
import { configOf } from './config.ts'
import { readRecording } from './recording.ts'
import { HORIZON, type TrainingSource, type TrainOptions } from './train-source.ts'

/**
 * @param input files of readings
 * @throws Failure `usage`, `config` or `input` that names what is missing or wrong
 */
export async function filesSource(options: TrainOptions, input: readonly string[]): Promise<TrainingSource> {
  if (options.labels === undefined) {
    throw failure('usage', '--input needs --labels FILE: CSV asset,from,to,kind of the known failures')
  }
  const { settings } = configOf(options.config === undefined ? {} : { config: options.config })
  const pipeline = pipelineOf(settings, options.pipeline)
  const takes = assetPattern(pipeline.assets)
  const readings = (await readRecording(input, options.map, options.late)).filter(({ asset }) => takes(asset))
  const assets = new Set(readings.map(({ asset }) => asset))
  const labels = (await labelsOf(options.labels, options.map)).filter(({ asset }) => assets.has(asset))
  if (labels.length === 0) {
    throw failure(
      'input',
      `${options.labels} has no label of the ${assets.size} assets in the readings that pipeline ${pipeline.name} takes`,
    )
  }
  const channels = channelsIn(readings, pipeline)
  const groups = settings.assets
  return {
    ...modelName(pipeline),
    source: `${input.map((file) => basename(file)).join(', ')} with ${basename(options.labels)}`,
    licence: 'not stated',
    again: commandOf(options, input),
    channels: channels.map((name) => ({ name, unit: unitOf(groups, assets, name) })),
    dataset: {
      channels,
      features: pipeline.features === 'default' ? featureNames(channels) : pipeline.features,
      window: pipeline.window,
      horizon: { ...HORIZON, beforeMs: options.horizon ?? null },
      plausible: plausibleBy(groups),
    },
    labels,
    readings,
    trials: null,
  }
}

/** The pipeline that is named, or the only one. */
function pipelineOf({ pipelines }: Settings, name: string | undefined): PipelineSettings {
  const found = pipelines.filter((pipeline) => name === undefined || pipeline.name === name)
  const [first] = found
  if (first && found.length === 1) return first
  const names = pipelines.map((pipeline) => pipeline.name).join(', ')
  throw failure(
    'usage',
    name === undefined ? `--pipeline: one of ${names}` : `no pipeline ${name}; there are ${names}`,
  )
}

/** Label times are written as the map says for the readings. */
async function labelsOf(file: string, map: string | undefined): Promise<FailureLabel[]> {
  const time = map === undefined ? undefined : (await readMap(map)).place?.time
  return readLabels(file, time && 'column' in time ? time : undefined)
}

/** The channels of the listed features, else all that occur, in the order in which they do. */
function channelsIn(readings: readonly PlainReading[], { features }: PipelineSettings): string[] {
  if (features !== 'default') return channelsOf(features)
  const channels = new Set<string>()
  for (const { values } of readings) for (const name in values) channels.add(name)
  return [...channels]
}

/** The config names the model to be: NAME or NAME@VERSION; without one the pipeline gives its name. */
function modelName({ model, name }: PipelineSettings): { name: string; version: string } {
  const [modelName = name, version = '1.0.0'] = model?.split('@') ?? []
  return { name: modelName, version }
}

function plausibleBy(groups: readonly AssetGroupSettings[]): (asset: string) => Plausible | null {
  const limits = groups.map(({ match, channels }) => ({
    takes: assetPattern(match),
    plausible: (channel: string) => channels[channel],
  }))
  return (asset) => limits.find(({ takes }) => takes(asset))?.plausible ?? null
}

function unitOf(
  groups: readonly AssetGroupSettings[],
  assets: ReadonlySet<string>,
  channel: string,
): string | null {
  const group = groups.find(({ match }) => [...assets].some(assetPattern(match)))
  return group?.channels[channel]?.unit ?? null
}

function commandOf(options: TrainOptions, input: readonly string[]): string {
  const { config, pipeline, map, late, labels, horizon, seed, output } = options
  const flags: readonly (readonly [string, string | number | undefined])[] = [
    ['--config', config],
    ['--pipeline', pipeline],
    ['--map', map],
    ['--input', input.join(' ')],
    ['--late', late?.join(' ')],
    ['--labels', labels],
    ['--horizon', horizon === undefined ? undefined : `${horizon}ms`],
    ['--seed', seed],
    ['--output', output],
  ]
  const given = flags.flatMap(([flag, value]) => (value === undefined ? [] : [`${flag} ${value}`]))
  return ['forewarn train', ...given, '--replace'].join(' ')
}
