/**
 * `POST /api/v1/readings`: a reading, or an array of them, for machines that speak HTTP. The bytes go to the
 * same intake as MQTT payloads, which decodes them once; so they are not parsed here.
 */
import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import { AssetId, Reading } from '../core/records.ts'
import type { ApiDeps, RejectedReading } from './deps.ts'
import { LISTED_REJECTIONS } from './limits.ts'
import { httpError, problems } from './problem.ts'

/** As a sender may write it: without `ts` it is the arrival time. */
const SentReading = Type.Object(
  { ...Reading.properties, asset: AssetId, ts: Type.Optional(Reading.properties.ts) },
  { $id: 'SentReading' },
)

const Taken = Type.Object(
  {
    id: Type.String(),
    readings: Type.Integer({ description: 'Readings that are in the log now' }),
    rejected: Type.Integer({ description: 'Elements that became dead letters' }),
    errors: Type.Array(Type.Object({ where: Type.String(), detail: Type.String() }), {
      description: `Why; the first ${LISTED_REJECTIONS}`,
    }),
  },
  { $id: 'Taken' },
)

const schema = {
  summary: 'Send a reading, or an array of readings',
  description:
    'Answers 202 once what was taken is durable. What cannot be taken is kept as a dead letter, as on MQTT; 400 when that is all of it.',
  tags: ['readings'],
  response: { 202: Taken, ...problems(413, 415, 503) },
}

/** What the documentation shows as the body: it is not checked here, so it is no part of `schema`. */
export const READINGS_BODY = Type.Union([SentReading, Type.Array(SentReading)])

export const READINGS_PATH = '/api/v1/readings'

export async function serveReadings(app: FastifyInstance, api: ApiDeps): Promise<void> {
  for (const shared of [SentReading, Taken]) app.addSchema(shared)
  await app.register(async (scope) => {
    scope.removeContentTypeParser('application/json')
    scope.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer' },
      async (_request: unknown, body: Buffer) => body,
    )
    scope.post<{ Body: Buffer | undefined }>(READINGS_PATH, { schema }, async (request, reply) => {
      if (!Buffer.isBuffer(request.body)) {
        throw httpError(400, 'body: send a reading, or an array of readings, as application/json')
      }
      const { readings, rejected } = await api.submitReadings(request.body)
      const errors = rejected.slice(0, LISTED_REJECTIONS).map(faultOf)
      if (readings === 0) throw httpError(400, errors[0]?.detail ?? 'body: holds no reading', errors)
      const taken: Static<typeof Taken> = { id: randomUUID(), readings, rejected: rejected.length, errors }
      reply.code(202)
      return taken
    })
  })
}

function faultOf({ index, reason, detail }: RejectedReading): { where: string; detail: string } {
  return { where: index === undefined ? 'body' : `body/${index}`, detail: `${reason}: ${detail}` }
}
