/** The machines that have been scored, and those that can't be for their clock is wrong: their class by the config, their last scores. Part of the board. */
import type { AssetGroupSettings, Limits, PipelineSettings } from '../config/settings.ts'
import { assetPattern } from '../core/match.ts'
import type { Score } from '../core/records.ts'
import { BOARD_POINTS } from './limits.ts'
import {
  addScore,
  type ModelNames,
  makeModelNames,
  makeScoreSeries,
  type ScoreSeries,
} from './score-series.ts'

export type Attributes = AssetGroupSettings['attributes']

export interface FleetAsset {
  readonly asset: string
  /** Partition of the co-partitioned topics that this asset lives in. */
  readonly partition: number
  readonly class: string | null
  readonly attributes: Attributes
  /** One per pipeline that takes the asset. */
  readonly series: ScoreSeries[]
}

/** What the config says of an asset. */
export interface AssetFacts {
  readonly class: string | null
  readonly attributes: Attributes
}

export interface Fleet {
  readonly models: ModelNames
  readonly size: number
  /** @returns false when the asset is new and `limits.assets` are known already */
  add(score: Score, partition: number): boolean
  /** Takes in an asset that may never be scored. @returns false as `add` does */
  meet(asset: string, partition: number): boolean
  get(asset: string): FleetAsset | undefined
  /** Sorted by id. */
  sorted(): readonly FleetAsset[]
  facts(asset: string): AssetFacts
  /** Score above which the first alert rule of a pipeline is met; null: it has none. */
  above(pipeline: string): number | null
}

export interface FleetSettings {
  readonly assets: readonly AssetGroupSettings[]
  readonly pipelines: readonly PipelineSettings[]
  readonly limits: Limits
}

export function makeFleet({ assets: groups, pipelines, limits }: FleetSettings, partitions: number): Fleet {
  const models = makeModelNames()
  const budget = { left: BOARD_POINTS }
  const assets = new Map<string, FleetAsset>()
  const facts = makeFacts(groups)
  const aboves = new Map(
    pipelines.map(({ name, alerts }) => [name, Math.min(...alerts.map(({ above }) => above))]),
  )
  const mostAssets = limits.assets * partitions
  let byId: readonly FleetAsset[] | null = null

  function take(asset: string, partition: number): FleetAsset | null {
    const known = assets.get(asset)
    if (known !== undefined) return known
    if (assets.size >= mostAssets) return null
    const made = { asset, partition, ...facts(asset), series: [] }
    assets.set(asset, made)
    byId = null
    return made
  }

  return {
    models,
    facts,
    above: (pipeline) => finiteOrNull(aboves.get(pipeline)),
    get size() {
      return assets.size
    },
    add(score, partition) {
      const asset = take(score.asset, partition)
      if (asset === null) return false
      let series = asset.series.find(({ pipeline }) => pipeline === score.pipeline)
      if (series === undefined) {
        series = makeScoreSeries(score.pipeline, budget)
        asset.series.push(series)
      }
      addScore(series, score, models, limits.boardScores, budget)
      return true
    },
    meet: (asset, partition) => take(asset, partition) !== null,
    get: (asset) => assets.get(asset),
    sorted() {
      byId ??= [...assets.values()].sort((a, b) => (a.asset < b.asset ? -1 : 1))
      return byId
    },
  }
}

function finiteOrNull(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null
}

/** Groups in the order of the config: the first that names a class gives it, attributes add up. */
function makeFacts(groups: readonly AssetGroupSettings[]): (asset: string) => AssetFacts {
  const compiled = groups.map((group) => ({ ...group, matches: assetPattern(group.match) }))
  return (asset) => {
    const matching = compiled.filter(({ matches }) => matches(asset))
    const attributes = Object.assign({}, ...matching.map((group) => group.attributes).reverse())
    return { class: matching.find((group) => group.class !== null)?.class ?? null, attributes }
  }
}
