/** An asset as the API shows it: its state, its last score in each pipeline, a short trend, its open alerts. */
import Type, { type Static } from 'typebox'
import { Alert, AssetId, Score, SEVERITIES } from '../core/records.ts'
import { type AlertBook, severityRank } from './alert-book.ts'
import { AssetClock, type ClockBook } from './clock-book.ts'
import type { Fleet, FleetAsset } from './fleet.ts'
import { TREND_SCORES } from './limits.ts'
import { scoreAt, trendOf } from './score-series.ts'

export const ASSET_STATES = ['alert', 'acknowledged', 'silent', 'normal', 'waiting'] as const
export type AssetState = (typeof ASSET_STATES)[number]

const AssetPipeline = Type.Object(
  {
    pipeline: Type.String(),
    last: Score,
    above: Type.Union([Type.Number(), Type.Null()], {
      description: 'Score above which its first alert rule is met',
    }),
    trend: Type.Array(Type.Number(), { description: `Up to ${TREND_SCORES} last scores, oldest first` }),
  },
  { $id: 'AssetPipeline' },
)

const assetFields = {
  asset: AssetId,
  class: Type.Union([Type.String(), Type.Null()], { description: 'Asset class by the config' }),
  attributes: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
  state: Type.Enum([...ASSET_STATES], {
    description:
      'alert: an open alert that nobody has acknowledged; acknowledged: all open ones are; silent: its last window closed on silence; waiting: readings, but no score yet',
  }),
  severity: Type.Union([Type.Enum([...SEVERITIES]), Type.Null()], { description: 'Worst open alert' }),
  score: Type.Union([Type.Number(), Type.Null()], { description: 'Highest last score of its pipelines' }),
  windowEnd: Type.Union([Type.Integer(), Type.Null()], { description: 'End of its last scored window' }),
  alerts: Type.Array(Type.String(), { description: 'Ids of its open alerts, worst first' }),
  pipelines: Type.Array(AssetPipeline),
  clock: Type.Union([AssetClock, Type.Null()], {
    description:
      'Its clock, where that is wrong: its readings are put aside, or judged at another time than they say',
  }),
}

export const AssetItem = Type.Object(assetFields, { $id: 'Asset' })
export type AssetItem = Static<typeof AssetItem>

const Threshold = Type.Object(
  {
    pipeline: Type.String(),
    rule: Type.String(),
    above: Type.Number(),
    clearBelow: Type.Number(),
    severity: Type.Enum([...SEVERITIES]),
  },
  { $id: 'Threshold' },
)
export type Threshold = Static<typeof Threshold>

export const AssetDetail = Type.Object(
  {
    ...assetFields,
    thresholds: Type.Array(Threshold, { description: 'Alert rules of its pipelines' }),
    openAlerts: Type.Array(Alert),
    closedAlerts: Type.Array(Alert, { description: 'Lately closed, newest first' }),
  },
  { $id: 'AssetDetail' },
)
export type AssetDetail = Static<typeof AssetDetail>

/** Shared by the answers of more than one path. */
export const ASSET_SCHEMAS = [AssetPipeline, AssetClock, AssetItem, Threshold, AssetDetail]

/** The parts of the board that an asset's item is made from. */
export interface AssetSources {
  readonly fleet: Fleet
  readonly alerts: AlertBook
  readonly clocks: ClockBook
}

export function assetItem(asset: FleetAsset, { fleet, alerts, clocks }: AssetSources): AssetItem {
  const open = alerts.openOf(asset.asset)
  const pipelines = asset.series.flatMap((series) => {
    const last = scoreAt(asset.asset, series, 0, fleet.models)
    return last === null
      ? []
      : [
          {
            pipeline: series.pipeline,
            last,
            above: fleet.above(series.pipeline),
            trend: trendOf(series, TREND_SCORES),
          },
        ]
  })
  const newest = pipelines.reduce<Score | null>(
    (a, { last }) => (a && a.windowEnd >= last.windowEnd ? a : last),
    null,
  )
  return {
    asset: asset.asset,
    class: asset.class,
    attributes: { ...asset.attributes },
    state: stateOf(open, newest),
    severity: open[0]?.severity ?? null,
    score: pipelines.length === 0 ? null : Math.max(...pipelines.map(({ last }) => last.score)),
    windowEnd: newest?.windowEnd ?? null,
    alerts: open.map(({ alert }) => alert),
    pipelines,
    clock: clocks.of(asset.asset),
  }
}

/** An asset that has been heard, but not scored yet. */
export function waitingItem(asset: string, fleet: Fleet): AssetItem {
  const { class: assetClass, attributes } = fleet.facts(asset)
  return {
    asset,
    class: assetClass,
    attributes: { ...attributes },
    state: 'waiting',
    severity: null,
    score: null,
    windowEnd: null,
    alerts: [],
    pipelines: [],
    clock: null,
  }
}

function stateOf(open: readonly Alert[], newest: Score | null): AssetState {
  if (open.some(({ state }) => state !== 'acknowledged')) return 'alert'
  if (open.length > 0) return 'acknowledged'
  if (newest === null) return 'waiting'
  return newest.closed === 'idle' ? 'silent' : 'normal'
}

/** Sort key of `sort=risk`, highest first: what wants a person, how badly, then the score. */
export function riskOf(asset: FleetAsset, alerts: AlertBook): number {
  const [worst] = alerts.openOf(asset.asset)
  const score = asset.series.reduce((most, series) => Math.max(most, trendOf(series, 1)[0] ?? 0), 0)
  if (worst === undefined) return score
  const unseen = alerts.openOf(asset.asset).some(({ state }) => state !== 'acknowledged')
  return (unseen ? 20 : 10) + 2 * severityRank(worst.severity) + score
}
