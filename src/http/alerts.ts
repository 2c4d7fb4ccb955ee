/** `/api/v1/alerts…`: open and lately closed alerts, and acknowledging one. */
import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import { failure } from '../core/errors.ts'
import type { Clock } from '../core/ports.ts'
import { ALERT_STATES, Alert, AssetId, type Command, SEVERITIES } from '../core/records.ts'
import type { AlertBook } from './alert-book.ts'
import type { ApiDeps } from './deps.ts'
import { decodeCursor, PAGE_QUERY, type Page, PageOf, takePage } from './page.ts'
import { problems } from './problem.ts'

/** One of the words, or several joined by commas. */
const someOf = (words: readonly string[], description: string) => {
  const one = `(${words.join('|')})`
  return Type.Optional(Type.String({ pattern: `^${one}(,${one}){0,${words.length}}$`, description }))
}

const strict = { additionalProperties: false }
const Params = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 512, description: 'asset:rule:raisedAt' }),
})

const AlertsQuery = Type.Object(
  {
    ...PAGE_QUERY,
    state: someOf(ALERT_STATES, `Of ${ALERT_STATES.join(', ')}; several joined by commas`),
    severity: someOf(SEVERITIES, `Of ${SEVERITIES.join(', ')}; several joined by commas`),
    asset: Type.Optional(AssetId),
  },
  strict,
)

const Acknowledgement = Type.Object(
  {
    by: Type.String({ minLength: 1, maxLength: 256, pattern: '\\S', description: 'Who has seen it' }),
    comment: Type.Optional(Type.String({ maxLength: 4096 })),
    verdict: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'Such as confirmed, false alarm, repaired' }),
    ),
  },
  { ...strict, $id: 'Acknowledgement' },
)

/** Answer of a POST whose command is in the log. */
export const Accepted = Type.Object(
  { id: Type.String({ description: 'Of the command' }) },
  { $id: 'Accepted' },
)

const Key = Type.Tuple([Type.Number(), Type.String()])

const tags = ['alerts']
const schemas = {
  list: {
    summary: 'Open and lately closed alerts, newest first',
    tags,
    querystring: AlertsQuery,
    response: { 200: PageOf(Alert), ...problems() },
  },
  one: { summary: 'One alert', tags, params: Params, response: { 200: Alert, ...problems(404) } },
  acknowledge: {
    summary: 'Say that a person has seen an alert',
    description:
      'Answers once the command is in the log; the alert follows in a moment (see /api/v1/events).',
    tags,
    params: Params,
    body: Acknowledgement,
    response: { 202: Accepted, ...problems(404, 409, 413, 415, 503) },
  },
}

export function serveAlerts(app: FastifyInstance, alerts: AlertBook, api: ApiDeps, clock: Clock): void {
  for (const shared of [Acknowledgement, Accepted]) app.addSchema(shared)

  app.get<{ Querystring: Static<typeof AlertsQuery> }>(
    '/api/v1/alerts',
    { schema: schemas.list },
    async (request) => listAlerts(alerts, request.query),
  )

  app.get<{ Params: { id: string } }>('/api/v1/alerts/:id', { schema: schemas.one }, async (request) =>
    known(alerts, request.params.id),
  )

  app.post<{ Params: { id: string }; Body: Static<typeof Acknowledgement> }>(
    '/api/v1/alerts/:id/acknowledge',
    { schema: schemas.acknowledge },
    async (request, reply) => {
      const alert = known(alerts, request.params.id)
      if (alert.state === 'closed') {
        throw failure('conflict', `alert ${alert.alert} is closed: only an open alert can be acknowledged`)
      }
      const command: Command = {
        id: randomUUID(),
        command: 'acknowledge',
        asset: alert.asset,
        alert: alert.alert,
        ...request.body,
        at: clock.now(),
      }
      await api.submitCommand(command)
      reply.code(202)
      return { id: command.id }
    },
  )
}

function known(alerts: AlertBook, id: string): Alert {
  const alert = alerts.get(id)
  if (alert !== undefined) return alert
  throw failure('not-found', `no alert ${id} is open or was closed lately: see /api/v1/alerts`)
}

function listAlerts(alerts: AlertBook, query: Static<typeof AlertsQuery>): Page<Alert> {
  const states = query.state?.split(',')
  const severities = query.severity?.split(',')
  const after = decodeCursor(Key, query.cursor)
  const found: Alert[] = []
  for (const alert of alerts.all()) {
    if (states !== undefined && !states.includes(alert.state)) continue
    if (severities !== undefined && !severities.includes(alert.severity)) continue
    if (query.asset !== undefined && query.asset !== alert.asset) continue
    if (after !== null && compare(alert, { raisedAt: after[0], alert: after[1] }) <= 0) continue
    found.push(alert)
  }
  return takePage(found.sort(compare), query.limit, ({ raisedAt, alert }) => [raisedAt, alert])
}

type Place = Pick<Alert, 'raisedAt' | 'alert'>

/** Newest first. */
function compare(a: Place, b: Place): number {
  return b.raisedAt - a.raisedAt || (a.alert < b.alert ? -1 : a.alert > b.alert ? 1 : 0)
}
