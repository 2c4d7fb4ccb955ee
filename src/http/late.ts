/** `GET /api/v1/assets/{asset}/late`: how many readings came too late for which window, from the dead letters. */
import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import { failure } from '../core/errors.ts'
import { LATE_WINDOWS, type MissedWindow, parseMissed } from '../core/late.ts'
import type { EventLog, LogRecord } from '../core/ports.ts'
import { AssetId } from '../core/records.ts'
import type { ApiDeps } from './deps.ts'
import type { Fleet, FleetAsset } from './fleet.ts'
import { LATE_SCAN_RECORDS } from './limits.ts'
import { decodeCursor, encodeCursor, PAGE_QUERY, PageOf } from './page.ts'
import { problems } from './problem.ts'
import { readReading } from './record-value.ts'
import { scoreAt } from './score-series.ts'

const LateWindow = Type.Object(
  {
    pipeline: Type.String(),
    windowStart: Type.Union([Type.Integer(), Type.Null()], {
      description: 'null: windows of a count, or sessions, of which no score is remembered',
    }),
    windowEnd: Type.Union([Type.Integer(), Type.Null()]),
    late: Type.Integer({ description: 'Readings that came after the window had closed' }),
  },
  { $id: 'LateWindow' },
)
type LateWindow = Static<typeof LateWindow>

const Query = Type.Object(
  { cursor: PAGE_QUERY.cursor, pipeline: Type.Optional(Type.String({ maxLength: 128 })) },
  { additionalProperties: false },
)
const Params = Type.Object({ asset: AssetId })
const OffsetKey = Type.Tuple([Type.Integer({ minimum: 0 })])

const schema = {
  summary: 'Late readings of an asset by the windows that they missed, newest window first',
  description:
    `Counts in the last ${LATE_SCAN_RECORDS} dead letters of the asset's partition; with the cursor in as many before ` +
    'them. A reading that hopping windows miss counts for each of them.',
  tags: ['assets'],
  params: Params,
  querystring: Query,
  response: { 200: PageOf(LateWindow), ...problems(404, 503) },
}

export function serveLate(app: FastifyInstance, fleet: Fleet, { log, topics }: ApiDeps): void {
  app.addSchema(LateWindow)
  app.get<{ Params: { asset: string }; Querystring: Static<typeof Query> }>(
    '/api/v1/assets/:asset/late',
    { schema },
    async ({ params, query }) => {
      const asset = fleet.get(params.asset)
      if (asset === undefined) throw failure('not-found', `no asset ${params.asset} has been scored`)
      const before = decodeCursor(OffsetKey, query.cursor)?.[0] ?? null
      const { letters, from, isAll } = await lettersOf(log, topics['dead-letters'], asset, before)
      const items = countMissed(letters, asset, fleet, query.pipeline)
      return { items, next: isAll ? null : encodeCursor([from]) }
    },
  )
}

/** Late letters of an asset; they stand in its partition, since their key is its id. */
async function lettersOf(log: EventLog, topic: string, asset: FleetAsset, before: number | null) {
  const { start, end } = (await log.bounds(topic))[asset.partition] ?? { start: 0, end: 0 }
  const to = Math.min(before ?? end, end)
  const from = Math.max(start, to - LATE_SCAN_RECORDS)
  const letters: LogRecord[] = []
  for await (const records of log.read(topic, asset.partition, from, to)) {
    for (const record of records) {
      if (record.key === asset.asset && record.headers.reason === 'late') letters.push(record)
    }
  }
  return { letters, from, isAll: from <= start }
}

function countMissed(
  letters: readonly LogRecord[],
  asset: FleetAsset,
  fleet: Fleet,
  pipeline: string | undefined,
): LateWindow[] {
  const found = new Map<string, LateWindow>()
  for (const { headers, value } of letters) {
    for (const missed of parseMissed(headers[LATE_WINDOWS] ?? '')) {
      if (pipeline !== undefined && missed.pipeline !== pipeline) continue
      const { start, end } = missed.start === null ? scoredWindow(missed, value, asset, fleet) : missed
      const id = `${missed.pipeline}@${start}/${end}`
      const known = found.get(id) ?? {
        pipeline: missed.pipeline,
        windowStart: start,
        windowEnd: end,
        late: 0,
      }
      known.late++
      found.set(id, known)
    }
  }
  const place = ({ windowEnd }: LateWindow) => windowEnd ?? Number.NEGATIVE_INFINITY
  return [...found.values()].sort(
    (a, b) => place(b) - place(a) || (a.pipeline < b.pipeline ? -1 : a.pipeline === b.pipeline ? 0 : 1),
  )
}

/** The scored window that holds the reading's time, where its kind does not say which that was. */
function scoredWindow(
  missed: MissedWindow,
  value: Uint8Array | null,
  { asset, series }: FleetAsset,
  fleet: Fleet,
): Pick<MissedWindow, 'start' | 'end'> {
  const ts = readReading(value)?.ts
  const scores = series.find(({ pipeline }) => pipeline === missed.pipeline)
  if (typeof ts !== 'number' || scores === undefined) return missed
  for (let age = 0; age < scores.length; age++) {
    const score = scoreAt(asset, scores, age, fleet.models)
    if (score && score.windowStart <= ts && ts <= score.windowEnd) {
      return { start: score.windowStart, end: score.windowEnd }
    }
  }
  return missed
}
