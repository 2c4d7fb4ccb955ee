/**
 * `/health/live` (the process runs) and `/health/ready` (it does its work; else why not). Every role serves
 * them, without a token and without a limit on requests: they are what restarts and routes depend on.
 */
import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import type { Readiness } from './deps.ts'

const Live = Type.Object({ status: Type.Literal('live'), version: Type.String() }, { $id: 'Live' })

const Ready = Type.Object(
  {
    status: Type.Enum(['ready', 'not-ready']),
    reasons: Type.Array(Type.String(), { description: 'Why it is not ready' }),
    details: Type.Record(Type.String(), Type.Unknown()),
  },
  { $id: 'Ready' },
)

const tags = ['health']
const config = { open: true, unlimited: true }
const noStore = { 'cache-control': 'no-store' }

export function serveHealth(app: FastifyInstance, version: string, readiness: () => Readiness): void {
  for (const shared of [Live, Ready]) app.addSchema(shared)
  const live = { summary: 'The process runs', tags, security: [], response: { 200: Live } }
  app.get('/health/live', { config, schema: live }, async (_request, reply) => {
    reply.headers(noStore)
    const answer: Static<typeof Live> = { status: 'live', version }
    return answer
  })

  const ready = {
    summary: 'It does its work; else why not',
    tags,
    security: [],
    response: { 200: Ready, 503: Ready },
  }
  app.get('/health/ready', { config, schema: ready }, async (_request, reply) => {
    const { ready: isReady, reasons, details } = readiness()
    reply.headers(noStore).code(isReady ? 200 : 503)
    const answer: Static<typeof Ready> = {
      status: isReady ? 'ready' : 'not-ready',
      reasons: [...reasons],
      details: { ...details },
    }
    return answer
  })
}
