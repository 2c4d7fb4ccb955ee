/** `train --input`: recorded readings and labels to learn from, by the windows of a pipeline of the config. */
import { basename } from 'node:path'
import type { AssetGroupSettings, PipelineSettings, Settings } from '../config/settings.ts'
import { attributeOf, categoryCode } from '../core/category.ts'
import { failure } from '../core/errors.ts'
import { channelsOf, featureNames } from '../core/features.ts'
import type { Plausible } from '../core/layout.ts'
import { assetPattern } from '../core/match.ts'
import { readLabels } from '../formats/labels.ts'
import type { RecordingMap } from '../formats/map.ts'
import { readMap, readRecording } from '../formats/recording.ts'
import type { RecordedReading } from '../formats/rows.ts'
import { parseDerived } from '../training/derived.ts'
import type { FailureLabel } from '../training/horizon.ts'
import { configOf } from './config.ts'
import { readRecording as readTogether } from './recording.ts'
import { attributesBy, categoriesOf, scan } from './train-scan.ts'
import { HORIZON, TABLE_HORIZON, type TrainingSource, type TrainOptions } from './train-source.ts'

/** Limits per column that a table's net gets as inputs of their own: rows are few there, and borders sharp. */
const TABLE_LIMITS = 8

/**
 * @param input files of readings; they are read twice, so that nothing but windows need be kept
 * @throws Failure `usage`, `config` or `input` that names what is missing or wrong
 */
export async function filesSource(options: TrainOptions, input: readonly string[]): Promise<TrainingSource> {
  const map = options.map === undefined ? null : await readMap(options.map)
  const table = typeof map?.label === 'string'
  if (options.labels === undefined && !table && options.kind === 'failure') {
    throw failure(
      'usage',
      '--input needs --labels FILE: CSV asset,from,to,kind of the known failures (or a table: --map with label)',
    )
  }
  const { settings } = configOf(options.config === undefined ? {} : { config: options.config })
  const pipeline = pipelineOf(settings, options.pipeline)
  const takes = assetPattern(pipeline.assets)
  const late = options.late ?? []
  // Late ones must be put where they belong, for which all are held; without them nothing is.
  const held = late.length > 0 ? await readTogether(input, options.map, late) : null
  const readings = () => held ?? readRecording(input, map)
  const { assets, channels: found, readings: count } = await scan(readings(), takes)
  const labels =
    table || options.labels === undefined ? [] : await labelsOf(options, map, assets, pipeline.name)
  const groups = settings.assets
  const { channels, features, categories } = featuresOf(pipeline, found, assets, groups, table)
  const attributes = attributesBy(groups)
  return {
    ...modelName(pipeline),
    source: sourceText(options, input),
    licence: 'not stated',
    again: commandOf(options, input),
    channels: channels.map((name) => ({ name, unit: unitOf(groups, assets, name) })),
    dataset: {
      channels,
      features,
      window: pipeline.window,
      horizon: table ? TABLE_HORIZON : { ...HORIZON, beforeMs: options.horizon ?? null },
      plausible: plausibleBy(groups),
      codes: (asset) => categories.map((category) => categoryCode(category, attributes(asset))),
      table,
    },
    labels,
    readings: taken(readings(), takes),
    count,
    preparation: {
      derived: parseDerived(pipeline.derived ?? {}, features, `pipelines.${pipeline.name}`),
      categories,
      limits: table ? TABLE_LIMITS : 0,
    },
    trials: null,
  }
}

async function* taken(
  readings: AsyncIterable<RecordedReading> | Iterable<RecordedReading>,
  takes: (asset: string) => boolean,
): AsyncGenerator<RecordedReading> {
  for await (const reading of readings) if (takes(reading.asset)) yield reading
}

function sourceText({ labels }: TrainOptions, input: readonly string[]): string {
  const files = input.map((file) => basename(file)).join(', ')
  return labels === undefined ? files : `${files} with ${basename(labels)}`
}

/** Of a table the values themselves, since a window of one row has no other statistics. */
function featuresOf(
  pipeline: PipelineSettings,
  found: readonly string[],
  assets: ReadonlySet<string>,
  groups: readonly AssetGroupSettings[],
  table: boolean,
) {
  const all = categoriesOf(assets, attributesBy(groups))
  if (pipeline.features === 'default') {
    const plain = table ? found.map((channel) => `${channel}.mean`) : featureNames(found)
    return { channels: found, features: [...plain, ...all.map(({ feature }) => feature)], categories: all }
  }
  const plain = pipeline.features.filter((name) => attributeOf(name) === null)
  const asked = pipeline.features.filter((name) => attributeOf(name) !== null)
  const categories = asked.map((name) => {
    const category = all.find(({ feature }) => feature === name)
    if (category) return category
    throw failure('config', `pipelines.${pipeline.name}.features: the assets have no two values of ${name}`)
  })
  return { channels: channelsOf(plain), features: [...plain, ...asked], categories }
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
async function labelsOf(
  { labels: file = '' }: TrainOptions,
  map: RecordingMap | null,
  assets: ReadonlySet<string>,
  pipeline: string,
): Promise<FailureLabel[]> {
  const time = map?.place?.time
  const all = await readLabels(file, time && 'column' in time ? time : undefined)
  const labels = all.filter(({ asset }) => assets.has(asset))
  if (labels.length > 0) return labels
  throw failure(
    'input',
    `${file} has no label of the ${assets.size} assets in the readings that pipeline ${pipeline} takes`,
  )
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
  const { kind, config, pipeline, map, late, labels, horizon, folds, nets, seed, output } = options
  const calibration = kind === 'failure' ? options.calibration : undefined
  const flags: readonly (readonly [string, string | number | undefined])[] = [
    ['--kind', kind === 'failure' ? undefined : kind],
    ['--config', config],
    ['--pipeline', pipeline],
    ['--map', map],
    ['--input', input.join(' ')],
    ['--late', late?.join(' ')],
    ['--labels', labels],
    ['--horizon', horizon === undefined ? undefined : `${horizon}ms`],
    ['--folds', folds],
    ['--nets', nets],
    ['--calibration', calibration],
    ['--seed', seed],
    ['--output', output],
  ]
  const given = flags.flatMap(([flag, value]) => (value === undefined ? [] : [`${flag} ${value}`]))
  return ['forewarn train', ...given, '--replace'].join(' ')
}
