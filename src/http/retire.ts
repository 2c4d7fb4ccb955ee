/** `POST /api/v1/assets/{asset}/retire`: a machine is out of service; its state and its open alerts end. */
import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import { failure } from '../core/errors.ts'
import type { Clock } from '../core/ports.ts'
import { AssetId, type Command } from '../core/records.ts'
import { Accepted } from './alerts.ts'
import type { ApiDeps } from './deps.ts'
import type { Fleet } from './fleet.ts'
import { problems } from './problem.ts'

const Params = Type.Object({ asset: AssetId })

const Retirement = Type.Object(
  {
    by: Type.String({ minLength: 1, maxLength: 256, pattern: '\\S', description: 'Who has retired it' }),
    comment: Type.Optional(Type.String({ maxLength: 4096 })),
  },
  { additionalProperties: false, $id: 'Retirement' },
)

const schema = {
  summary: 'Say that an asset is out of service',
  description:
    'Answers once the command is in the log. Its open windows close, its open alerts end, what was learned of it is ' +
    'forgotten; what it sends next brings it back.',
  tags: ['assets'],
  params: Params,
  body: Retirement,
  response: { 202: Accepted, ...problems(404, 413, 415, 503) },
}

export function serveRetire(app: FastifyInstance, fleet: Fleet, api: ApiDeps, clock: Clock): void {
  app.addSchema(Retirement)
  app.post<{ Params: { asset: string }; Body: Static<typeof Retirement> }>(
    '/api/v1/assets/:asset/retire',
    { schema },
    async (request, reply) => {
      const { asset } = request.params
      if (fleet.get(asset) === undefined) {
        throw failure('not-found', `no asset ${asset} has been scored: see /api/v1/assets`)
      }
      const command: Command = {
        id: randomUUID(),
        command: 'retire',
        asset,
        ...request.body,
        at: clock.now(),
      }
      await api.submitCommand(command)
      reply.code(202)
      return { id: command.id }
    },
  )
}
