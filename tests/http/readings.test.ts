import { afterEach, expect, it } from 'vitest'
import { failure } from '../../src/core/errors.ts'
import type { Submitted } from '../../src/http/deps.ts'
import { startHttp, type TestHttp } from '../support/http.ts'

let http: TestHttp
afterEach(() => http.close())

const URL = '/api/v1/readings'
const start = async (submitted: Submitted | Error) => {
  http = await startHttp({
    submitReadings: () =>
      submitted instanceof Error ? Promise.reject(submitted) : Promise.resolve(submitted),
  })
}

it('hands the bytes on as they came, and answers 202 with an id', async () => {
  await start({ readings: 1, rejected: [] })
  const payload = '{ "asset":"pump-01",  "values":{"t":1.50} }'
  const answer = await http.post(URL, payload)
  expect(answer.statusCode).toBe(202)
  expect(answer.json()).toMatchObject({ readings: 1, rejected: 0, errors: [] })
  expect(answer.json().id).toMatch(/^[0-9a-f-]{36}$/)
  expect(http.payloads.map((bytes) => Buffer.from(bytes).toString())).toEqual([payload])
})

it('tells which elements of an array became dead letters', async () => {
  await start({
    readings: 2,
    rejected: [{ index: 1, reason: 'bad-asset', detail: 'asset "a b" has a space' }],
  })
  const answer = await http.post(URL, [{}, {}, {}])
  expect(answer.statusCode).toBe(202)
  expect(answer.json()).toMatchObject({
    readings: 2,
    rejected: 1,
    errors: [{ where: 'body/1', detail: 'bad-asset: asset "a b" has a space' }],
  })
})

it('lists only the first of many', async () => {
  const rejected = Array.from({ length: 500 }, (_, index) => ({
    index,
    reason: 'schema',
    detail: 'no values',
  }))
  await start({ readings: 1, rejected })
  const answer = await http.post(URL, [])
  expect(answer.json().rejected).toBe(500)
  expect(answer.json().errors).toHaveLength(20)
})

it('is 400 when nothing of it could be taken', async () => {
  await start({ readings: 0, rejected: [{ reason: 'not-json', detail: 'Unexpected end of JSON input' }] })
  const answer = await http.post(URL, '{"asset":')
  expect(answer.statusCode).toBe(400)
  expect(answer.json().errors).toEqual([{ where: 'body', detail: 'not-json: Unexpected end of JSON input' }])
})

it('is 400 without a body, 415 for another type, 413 beyond limits.payloadBytes', async () => {
  await start({ readings: 1, rejected: [] })
  expect((await http.ask(URL, { method: 'POST' })).statusCode).toBe(400)
  expect((await http.post(URL, '1', { 'content-type': 'text/csv' })).statusCode).toBe(415)
  expect((await http.post(URL, '1', { 'content-encoding': 'gzip' })).statusCode).toBe(415)
  expect((await http.post(URL, `"${'x'.repeat(256 * 1024)}"`)).statusCode).toBe(413)
  expect(http.payloads).toEqual([])
})

it('is 503 with the reason while the intake cannot take it', async () => {
  await start(failure('unavailable', 'ingest holds 20000 readings: send slower'))
  const answer = await http.post(URL, '{}')
  expect(answer.statusCode).toBe(503)
  expect(answer.json().detail).toContain('send slower')
})
