/**
 * `GET /api/v1/events`: scores and alerts as they happen, by server-sent events. First comes `hello`; then
 * `score` (4.4) and `alert` (a CloudEvent). A subscriber that comes back with `Last-Event-ID` gets what it
 * missed from the log.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type, { type Static } from 'typebox'
import { AssetId } from '../core/records.ts'
import type { LiveTopic } from './board.ts'
import type { ApiDeps, HttpDeps } from './deps.ts'
import { encodeEventId } from './event-id.ts'
import type { LiveHub } from './live.ts'
import { httpError, problems } from './problem.ts'
import { publishExample } from './publish-example.ts'
import { catchUp, planResume, type ResumePlan } from './resume.ts'
import { openSseClient, type SseClient, sseFrame } from './sse-client.ts'

const EventsQuery = Type.Object(
  {
    asset: Type.Optional(AssetId),
    type: Type.Optional(Type.Enum(['score', 'alert'], { description: 'Only events of this kind' })),
    lastEventId: Type.Optional(
      Type.String({
        description: 'The same as the header Last-Event-ID, which wins; for clients that cannot send it',
      }),
    ),
  },
  { additionalProperties: false },
)

const TOPIC_OF: Readonly<Record<'score' | 'alert', LiveTopic>> = { score: 'scores', alert: 'alerts' }

/** Data of the event `hello`. */
export const Hello = Type.Object(
  {
    version: Type.String(),
    resumed: Type.Boolean({ description: 'Whether the id that was sent is known' }),
    gaps: Type.Array(Type.String(), { description: 'Topics of which events are missing: load them anew' }),
    publish: Type.String({ description: 'A command that publishes a reading' }),
  },
  { $id: 'Hello' },
)
export type Hello = Static<typeof Hello>

const schema = {
  summary: 'Scores and alerts as they happen (server-sent events)',
  description: 'Events: `hello`, `score`, `alert`. Resumes by `Last-Event-ID`; comments are heartbeats.',
  tags: ['events'],
  querystring: EventsQuery,
  response: {
    200: { description: 'The stream', content: { 'text/event-stream': { schema: Type.String() } } },
    ...problems(503),
  },
}

export function serveEvents(app: FastifyInstance, deps: HttpDeps, api: ApiDeps, hub: LiveHub): void {
  app.addSchema(Hello)
  const { sseClients, sseBufferBytes } = deps.settings.limits
  /** Subscribers, with those that are still catching up. */
  const open = new Set<SseClient>()

  async function plan(request: FastifyRequest, query: Static<typeof EventsQuery>): Promise<ResumePlan> {
    const header = request.headers['last-event-id']
    const id = typeof header === 'string' ? header : query.lastEventId
    const { topics, log } = api
    const bounds = { alerts: await log.bounds(topics.alerts), scores: await log.bounds(topics.scores) }
    return planResume(id, hub.positions, bounds)
  }

  async function serve(client: SseClient, { from, resumed, gaps }: ResumePlan): Promise<void> {
    const hello: Hello = {
      version: deps.version,
      resumed,
      gaps: [...gaps],
      publish: publishExample(deps.settings.mqtt),
    }
    client.sendFirst(sseFrame('hello', encodeEventId(from), JSON.stringify(hello)))
    try {
      await catchUp(api.log, api.topics, hub, client, from)
    } catch (err) {
      deps.logger.error({ err }, 'a subscriber could not be served from the log')
      client.end()
    }
  }

  const options = { schema, exposeHeadRoute: false }
  app.get<{ Querystring: Static<typeof EventsQuery> }>('/api/v1/events', options, async (request, reply) => {
    const { asset, type } = request.query
    const resume = await plan(request, request.query)
    if (open.size >= sseClients) {
      deps.metrics.countRefusal('sse-clients')
      reply.header('retry-after', '30')
      throw httpError(503, `all ${sseClients} live subscriptions are taken: raise limits.sseClients`)
    }
    const filter = { asset: asset ?? null, topic: type === undefined ? null : TOPIC_OF[type] }
    const client = hijack(reply, (headers) =>
      openSseClient(reply.raw, headers, filter, sseBufferBytes, () =>
        deps.metrics.countRefusal('sse-buffer'),
      ),
    )
    open.add(client)
    reply.raw.once('close', () => open.delete(client))
    await serve(client, resume)
  })

  const forget = deps.metrics.addSource({ sseClients: () => open.size })
  app.addHook('preClose', async () => {
    forget()
    for (const client of open) client.end()
  })
}

/** Takes the response out of fastify's hands, with the headers that the server gives every answer. */
function hijack(
  reply: FastifyReply,
  open: (headers: ReturnType<FastifyReply['getHeaders']>) => SseClient,
): SseClient {
  reply.hijack()
  return open(reply.getHeaders())
}
