import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startHttp, type TestHttp } from '../support/http.ts'

let http: TestHttp
beforeAll(async () => {
  http = await startHttp()
})
afterAll(() => http.close())

it('is a valid OpenAPI 3.1 document', async () => {
  const answer = await http.app.inject('/openapi.json')
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
  const document = answer.json()
  expect(document.openapi).toBe('3.1.0')
  const result = await new Validator().validate(document)
  expect(result.errors ?? []).toEqual([])
  expect(result.valid).toBe(true)
})

it('documents every path of the API, health and metrics', async () => {
  const { paths } = (await http.app.inject('/openapi.json')).json()
  expect(Object.keys(paths).sort()).toEqual([
    '/api/v1/alerts',
    '/api/v1/alerts/{id}',
    '/api/v1/alerts/{id}/acknowledge',
    '/api/v1/assets',
    '/api/v1/assets/{asset}',
    '/api/v1/assets/{asset}/late',
    '/api/v1/assets/{asset}/readings',
    '/api/v1/assets/{asset}/retire',
    '/api/v1/assets/{asset}/scores',
    '/api/v1/dead-letters/replay',
    '/api/v1/events',
    '/api/v1/readings',
    '/health/live',
    '/health/ready',
    '/metrics',
  ])
})

it('names what is used more than once, and refers to it', async () => {
  const { body } = await http.app.inject('/openapi.json')
  const { components } = JSON.parse(body)
  for (const name of ['Alert', 'AlertEvent', 'Score', 'Reading', 'Asset', 'Problem', 'Hello']) {
    expect(Object.keys(components.schemas)).toContain(name)
  }
  // Each is written out once: its references far outnumber it.
  expect(body.split('"#/components/schemas/Problem"').length).toBeGreaterThan(20)
  expect(body.split('"About:blank').length + body.split('about:blank: the status').length).toBe(3)
  expect(body).not.toContain('"$id"')
})

it('needs no optional query field', async () => {
  const { paths } = (await http.app.inject('/openapi.json')).json()
  for (const [path, operations] of Object.entries<
    Record<string, { parameters?: { in: string; required: boolean }[] }>
  >(paths)) {
    for (const { parameters = [] } of Object.values(operations)) {
      expect(
        parameters.filter((p) => p.in === 'query' && p.required),
        path,
      ).toEqual([])
    }
  }
})
