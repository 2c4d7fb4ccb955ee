/** `GET /metrics`: Prometheus text, or OpenMetrics to a client that asks for it. Every role serves it. */
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import type { HttpMetrics } from './deps.ts'
import { problems } from './problem.ts'

const schema = {
  summary: 'Figures for Prometheus',
  tags: ['metrics'],
  response: {
    200: {
      description: 'By the Accept header',
      content: {
        'text/plain': { schema: Type.String() },
        'application/openmetrics-text': { schema: Type.String() },
      },
    },
    ...problems(),
  },
}

export function serveMetrics(app: FastifyInstance, metrics: HttpMetrics): void {
  app.get('/metrics', { schema }, async (request, reply) => {
    const { contentType, body } = await metrics.render(request.headers.accept)
    reply.header('content-type', contentType).header('cache-control', 'no-store').header('vary', 'accept')
    return reply.send(body)
  })
}
