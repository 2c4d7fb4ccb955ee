/** `GET /api/v1/assets…`: the fleet, one asset, its scores, its readings. */
import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import type { PipelineSettings } from '../config/settings.ts'
import { failure } from '../core/errors.ts'
import { AssetId, Reading, Score } from '../core/records.ts'
import { ASSET_SCHEMAS, AssetDetail, AssetItem, assetItem, riskOf, waitingItem } from './asset-item.ts'
import type { Board } from './board.ts'
import type { ApiDeps } from './deps.ts'
import type { FleetAsset } from './fleet.ts'
import { ASSET_CLOSED_ALERTS, PAGE_ITEMS } from './limits.ts'
import type { Newcomers } from './newcomers.ts'
import { decodeCursor, encodeCursor, PAGE_QUERY, type Page, PageOf, takePage } from './page.ts'
import { problems } from './problem.ts'
import { readBack } from './read-back.ts'
import { scoreAt } from './score-series.ts'

const Params = Type.Object({ asset: AssetId })
const strict = { additionalProperties: false }

const AssetsQuery = Type.Object(
  {
    ...PAGE_QUERY,
    sort: Type.Optional(
      Type.Enum(['asset', 'risk'], {
        default: 'asset',
        description: 'By id, or by what wants attention most: open alerts, then the score',
      }),
    ),
    q: Type.Optional(
      Type.String({ maxLength: 128, description: 'Only assets with this text in id or class' }),
    ),
  },
  strict,
)

const ScoresQuery = Type.Object(
  {
    ...PAGE_QUERY,
    pipeline: Type.Optional(Type.String({ maxLength: 128 })),
    from: Type.Optional(Type.Integer({ description: 'Least windowEnd, epoch ms' })),
    to: Type.Optional(Type.Integer({ description: 'windowEnd below this, epoch ms' })),
  },
  strict,
)

const ReadingsQuery = Type.Object(PAGE_QUERY, strict)

const RiskKey = Type.Tuple([Type.Number(), Type.String()])
const IdKey = Type.Tuple([Type.String()])
const ScoreKey = Type.Tuple([Type.Number(), Type.String()])
const OffsetKey = Type.Tuple([Type.Integer({ minimum: 0 })])

const tags = ['assets']
const schemas = {
  list: {
    summary: 'Assets of the fleet',
    tags,
    querystring: AssetsQuery,
    response: { 200: PageOf(AssetItem), ...problems() },
  },
  one: { summary: 'One asset', tags, params: Params, response: { 200: AssetDetail, ...problems(404) } },
  scores: {
    summary: 'Scores of an asset that the board remembers, newest first',
    tags,
    params: Params,
    querystring: ScoresQuery,
    response: { 200: PageOf(Score), ...problems(404) },
  },
  readings: {
    summary: 'Readings of an asset as they are in the log, newest first',
    description:
      'Looks back through a bounded part of the log; an empty page with a cursor means: further back.',
    tags,
    params: Params,
    querystring: ReadingsQuery,
    response: { 200: PageOf(Reading), ...problems(404, 503) },
  },
}

export function serveAssets(
  app: FastifyInstance,
  board: Board,
  api: ApiDeps,
  newcomers: Newcomers,
  pipelines: readonly PipelineSettings[],
): void {
  const { fleet } = board
  for (const shared of ASSET_SCHEMAS) app.addSchema(shared)

  app.get<{ Querystring: Static<typeof AssetsQuery> }>(
    '/api/v1/assets',
    { schema: schemas.list },
    async (request) => {
      if (fleet.sorted().some(({ series }) => series.length > 0)) return listAssets(board, request.query)
      const waiting = beforeScores(await newcomers(), board)
      return { items: waiting.slice(0, request.query.limit ?? PAGE_ITEMS), next: null }
    },
  )

  app.get<{ Params: { asset: string } }>('/api/v1/assets/:asset', { schema: schemas.one }, async (request) =>
    detailOf(known(board, request.params.asset), board, pipelines),
  )

  app.get<{ Params: { asset: string }; Querystring: Static<typeof ScoresQuery> }>(
    '/api/v1/assets/:asset/scores',
    { schema: schemas.scores },
    async ({ params, query }) => listScores(known(board, params.asset), board, query),
  )

  app.get<{ Params: { asset: string }; Querystring: Static<typeof ReadingsQuery> }>(
    '/api/v1/assets/:asset/readings',
    { schema: schemas.readings },
    async ({ params, query }) => {
      const { asset, partition } = known(board, params.asset)
      const key = decodeCursor(OffsetKey, query.cursor)
      const page = await readBack(
        api.log,
        api.topics.readings,
        asset,
        partition,
        query.limit ?? PAGE_ITEMS,
        key?.[0] ?? null,
      )
      return { items: page.readings, next: page.before === null ? null : encodeCursor([page.before]) }
    },
  )
}

/** Before anything is scored: who sends, and who can't be scored for its clock is wrong. */
function beforeScores(newcomers: readonly string[], board: Board): AssetItem[] {
  const { fleet } = board
  const met = fleet.sorted().map((asset) => assetItem(asset, board))
  const others = newcomers.filter((asset) => fleet.get(asset) === undefined)
  return [...met, ...others.map((asset) => waitingItem(asset, fleet))].sort((a, b) =>
    a.asset < b.asset ? -1 : 1,
  )
}

function detailOf(asset: FleetAsset, board: Board, all: readonly PipelineSettings[]): AssetDetail {
  const { alerts } = board
  const mine = all.filter(({ name }) => asset.series.some(({ pipeline }) => pipeline === name))
  const closed = [...alerts.closed()].filter((alert) => alert.asset === asset.asset)
  closed.sort((a, b) => b.updatedAt - a.updatedAt)
  return {
    ...assetItem(asset, board),
    thresholds: mine.flatMap(({ name, alerts: rules }) =>
      rules.map(({ rule, above, clearBelow, severity }) => ({
        pipeline: name,
        rule,
        above,
        clearBelow,
        severity,
      })),
    ),
    openAlerts: [...alerts.openOf(asset.asset)],
    closedAlerts: closed.slice(0, ASSET_CLOSED_ALERTS),
  }
}

function known({ fleet }: Board, asset: string): FleetAsset {
  const found = fleet.get(asset)
  if (found !== undefined) return found
  throw failure('not-found', `asset ${asset} has no scores yet: see /api/v1/assets for those that have`)
}

function listAssets(board: Board, query: Static<typeof AssetsQuery>): Page<AssetItem> {
  const { fleet, alerts } = board
  const text = query.q?.toLowerCase() ?? ''
  const found = fleet
    .sorted()
    .filter(({ asset, class: name }) => text === '' || `${asset}\n${name ?? ''}`.toLowerCase().includes(text))
  const show = (page: Page<FleetAsset>) => ({
    items: page.items.map((asset) => assetItem(asset, board)),
    next: page.next,
  })
  if (query.sort !== 'risk') {
    const after = decodeCursor(IdKey, query.cursor)?.[0]
    const rest = after === undefined ? found : found.filter(({ asset }) => asset > after)
    return show(takePage(rest, query.limit, ({ asset }) => [asset]))
  }
  const after = decodeCursor(RiskKey, query.cursor)
  const ranked = found.map((asset) => ({ asset, risk: riskOf(asset, alerts) }))
  ranked.sort((a, b) => b.risk - a.risk || (a.asset.asset < b.asset.asset ? -1 : 1))
  const rest =
    after === null
      ? ranked
      : ranked.filter(({ asset, risk }) => risk < after[0] || (risk === after[0] && asset.asset > after[1]))
  const page = takePage(rest, query.limit, ({ asset, risk }) => [risk, asset.asset])
  return show({ items: page.items.map(({ asset }) => asset), next: page.next })
}

function listScores(asset: FleetAsset, { fleet }: Board, query: Static<typeof ScoresQuery>): Page<Score> {
  const { pipeline, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = query
  const after = decodeCursor(ScoreKey, query.cursor)
  const scores: Score[] = []
  for (const series of asset.series) {
    if (pipeline !== undefined && series.pipeline !== pipeline) continue
    for (let age = 0; age < series.length; age++) {
      const score = scoreAt(asset.asset, series, age, fleet.models)
      if (score === null || score.windowEnd < from || score.windowEnd >= to) continue
      if (after !== null && compareScores(score, { windowEnd: after[0], pipeline: after[1] }) <= 0) continue
      scores.push(score)
    }
  }
  scores.sort(compareScores)
  return takePage(scores, query.limit, (score) => [score.windowEnd, score.pipeline])
}

type ScorePlace = Pick<Score, 'windowEnd' | 'pipeline'>

/** Newest first. */
function compareScores(a: ScorePlace, b: ScorePlace): number {
  return b.windowEnd - a.windowEnd || (a.pipeline < b.pipeline ? -1 : a.pipeline > b.pipeline ? 1 : 0)
}
