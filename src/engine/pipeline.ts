/**
 * A pipeline ready to run: its rules for the core, its model if it has one, and the hash of its definition.
 * Made once at the start from the settings and the loaded model folders; a contradiction stops the start.
 */
import { createHash } from 'node:crypto'
import type { AssetGroupSettings, Limits, PipelineSettings } from '../config/settings.ts'
import type { LearnRule } from '../core/baseline.ts'
import { type Attributes, attributeOf, type Category, categoryCode } from '../core/category.ts'
import { type ExplainedFeature, explainedFeatures } from '../core/contributions.ts'
import { failure } from '../core/errors.ts'
import { channelsOf, FEATURES_VERSION, featureIndex, parseFeature } from '../core/features.ts'
import type { Plausible } from '../core/layout.ts'
import { assetPattern } from '../core/match.ts'
import type { PipelineRules } from '../core/partition.ts'
import type { Scorer } from '../core/ports.ts'
import { openAtOnce, sameShape, shapeOf, shapeText, type WindowShape } from '../core/window.ts'

/** A loaded and checked model folder, as the engine sees it. */
export interface PipelineModel {
  readonly name: string
  readonly version: string
  readonly kind: 'failure' | 'anomaly'
  /** Features in the order in which the scorer takes them. */
  readonly features: readonly string[]
  /** Attributes among the features, which stand last, with the values that it knows. */
  readonly categories?: readonly Category[]
  readonly window: WindowShape
  /** Unit of each channel, as it was trained. */
  readonly units: Readonly<Record<string, string | null>>
  /** Hash of manifest and weights. */
  readonly hash: string
  readonly scorer: Scorer
}

export interface EnginePipeline {
  readonly rules: PipelineRules
  readonly model: PipelineModel | null
  /** Where each of the model's features stands in a window's statistics. */
  readonly featureAt: Int32Array
  /** The model's features as its explanations name them. */
  readonly explained: readonly ExplainedFeature[]
  /** Codes of an asset's attributes, for the model's last features. */
  readonly codes: (asset: string) => readonly number[]
  /** Changes when windows, channels, features or the model change. */
  readonly definition: string
}

/** Name and version that scores carry when a pipeline has no model. */
const NO_MODEL = { name: 'normal', version: '2' }

/**
 * @param groups of assets, for plausible values and units
 * @param model null = score by each asset's own normal
 * @throws failure 'config' or 'model' that names the field which contradicts another
 */
export function makePipeline(
  settings: PipelineSettings,
  groups: readonly AssetGroupSettings[],
  limits: Limits,
  model: PipelineModel | null,
): EnginePipeline {
  checkWindows(settings, limits)
  if (model) checkModel(settings, groups, model)
  const features = model ? model.features : settings.features === 'default' ? null : settings.features
  const channels = features && channelsOf(features.filter((name) => attributeOf(name) === null))
  const rules: PipelineRules = {
    name: settings.name,
    takes: assetPattern(settings.assets),
    channels,
    plausible: plausibleBy(groups),
    window: settings.window,
    dedupePerAsset: limits.dedupePerAsset,
    openWindowsPerAsset: limits.openWindowsPerAsset,
    alerts: settings.alerts,
    learn: learnRule(settings),
    noData: settings.noData ?? null,
    model: model?.name ?? NO_MODEL.name,
    modelVersion: model?.version ?? NO_MODEL.version,
    output: model?.kind === 'failure' ? 'failureProbability' : 'anomaly',
    ...(model === null || model.scorer.explain ? { explainFrom: alertLevel(settings) } : {}),
  }
  return {
    rules,
    model,
    featureAt: featureIndex(model?.features ?? [], channels ?? []),
    explained: explainedFeatures(model?.features ?? []),
    codes: codesBy(groups, model?.categories ?? []),
    definition: definitionOf(settings, channels, model),
  }
}

/** The least score that can raise an alert or keep one open; no score can without rules. */
function alertLevel({ alerts }: PipelineSettings): number {
  return Math.min(Number.POSITIVE_INFINITY, ...alerts.map(({ clearBelow }) => clearBelow))
}

/** Used where the settings name none, and for windows that have no length in time. */
export const LEARN_DEFAULT = { ms: 7_200_000 } as const
const LEARN_DEFAULT_WINDOWS = 240
/** Fewer windows are no learning period. */
const LEARN_LEAST_WINDOWS = 20

function learnRule({ window, learn = LEARN_DEFAULT, follow = true }: PipelineSettings): LearnRule {
  const hopMs = 'hopMs' in window ? window.hopMs : LEARN_DEFAULT.ms / LEARN_DEFAULT_WINDOWS
  const windows = 'windows' in learn ? learn.windows : Math.ceil(learn.ms / hopMs)
  return { windows: Math.max(LEARN_LEAST_WINDOWS, windows), overlap: overlapOf(window), follow }
}

/** Windows in a row that may share readings. */
function overlapOf(window: PipelineSettings['window']): number {
  if ('count' in window) return Math.ceil(window.count / window.hop)
  return 'hopMs' in window ? Math.ceil(window.sizeMs / window.hopMs) : 1
}

/** Each group's plausible values as one function, found by the first pattern that takes the asset. */
function plausibleBy(groups: readonly AssetGroupSettings[]): (asset: string) => Plausible | null {
  const tests = groups.map(({ match, channels }) => ({
    takes: assetPattern(match),
    plausible: (channel: string) => channels[channel],
  }))
  return (asset) => tests.find(({ takes }) => takes(asset))?.plausible ?? null
}

/** Attributes come from the first group that takes the asset, as plausible values do. */
function codesBy(
  groups: readonly AssetGroupSettings[],
  categories: readonly Category[],
): (asset: string) => readonly number[] {
  if (categories.length === 0) return () => []
  const tests = groups.map(({ match, attributes }) => ({ takes: assetPattern(match), attributes }))
  return (asset) => {
    const own: Attributes | null = tests.find(({ takes }) => takes(asset))?.attributes ?? null
    return categories.map((category) => categoryCode(category, own))
  }
}

/** The limit on open windows is for senders gone wrong: windows that the config itself asks for must fit. */
function checkWindows({ name, window }: PipelineSettings, { openWindowsPerAsset }: Limits): void {
  const open = openAtOnce(window)
  if (open === null || open <= openWindowsPerAsset) return
  throw failure(
    'config',
    `pipeline ${name}: ${open} windows of an asset are open at once (${'count' in window ? 'window.count over hop' : 'window.size + lateness over hop'}), ` +
      `limits.openWindowsPerAsset is ${openWindowsPerAsset}; raise it, or take a longer hop or less lateness`,
  )
}

function checkModel(
  settings: PipelineSettings,
  groups: readonly AssetGroupSettings[],
  model: PipelineModel,
): void {
  const where = `pipeline ${settings.name}: model ${model.name}@${model.version}`
  if (!sameShape(settings.window, model.window)) {
    throw failure(
      'model',
      `${where} was trained on ${shapeText(model.window)}, ` +
        `the config has ${shapeText(settings.window)}; set ${windowKeys(model.window)} to the model's`,
    )
  }
  if (settings.features !== 'default' && settings.features.join() !== model.features.join()) {
    throw failure(
      'model',
      `${where} takes ${model.features.length} features of its own; leave features at default`,
    )
  }
  const wrong = model.features.find(
    (feature) => attributeOf(feature) === null && parseFeature(feature) === null,
  )
  if (wrong) throw failure('model', `${where} wants feature ${wrong}, which this program does not compute`)
  for (const group of groups) {
    for (const [channel, { unit }] of Object.entries(group.channels)) {
      const trained = model.units[channel]
      if (unit && trained && unit !== trained && overlaps(group.match, settings.assets)) {
        throw failure(
          'model',
          `${where} was trained on ${channel} in ${trained}, assets ${group.match} have ${unit}`,
        )
      }
    }
  }
}

/** The settings that a model's windows are given by. */
function windowKeys(shape: WindowShape): string {
  if ('count' in shape) return 'window.count and hop'
  return 'gapMs' in shape ? 'window.session and max' : 'window.size and hop'
}

/** True when one pattern takes the other read as an asset id: the cases that people write. */
function overlaps(a: string, b: string): boolean {
  return assetPattern(a)(b) || assetPattern(b)(a)
}

function definitionOf(
  settings: PipelineSettings,
  channels: readonly string[] | null,
  model: PipelineModel | null,
) {
  const { window, assets } = settings
  // Flat and in this order since windows were all of a time: state on disk carries the hash.
  const shape = 'sizeMs' in window ? [window.sizeMs, window.hopMs] : [shapeOf(window)]
  // What ended a run decides what a window holds.
  const idle = 'count' in window ? [window.idleMs] : []
  const parts = [
    FEATURES_VERSION,
    assets,
    ...shape,
    window.latenessMs,
    ...idle,
    channels,
    model?.hash ?? null,
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
}
