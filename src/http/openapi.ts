/** `GET /openapi.json`: OpenAPI 3.1 made from the schemas of the routes, so that it can't drift from them. */
import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { Alert, AlertEvent, Contribution, Reading, Reason, Score } from '../core/records.ts'
import { Problem } from './problem.ts'
import { READINGS_BODY, READINGS_PATH } from './readings.ts'
import { shareSchemas } from './share-schemas.ts'

/** Before the routes: it collects their schemas as they are added. */
export async function documentRoutes(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Forewarn',
        version,
        description: 'Predictive maintenance on a stream: scores of machines, alerts that say why.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags: ['assets', 'alerts', 'readings', 'events', 'health', 'metrics'].map((name) => ({ name })),
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'The token of http.token, where it is set' },
        },
      },
      security: [{ bearer: [] }],
    },
    convertConstToEnum: false,
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `def-${i}`) },
    // Bodies of readings are decoded by the intake, so their schema is for the reader alone.
    transform: ({ schema, url }) => ({
      schema: url === READINGS_PATH ? { ...schema, body: READINGS_BODY } : schema,
      url,
    }),
    transformObject: (document) =>
      'openapiObject' in document ? shareSchemas(document.openapiObject) : document.swaggerObject,
  })
  for (const shared of [Reason, Alert, AlertEvent, Contribution, Score, Reading, Problem])
    app.addSchema(shared)
}

/** After the routes. */
export function serveDocument(app: FastifyInstance): void {
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}
