import { afterAll, beforeAll, expect, test } from 'vitest'
import { deadLetterRecord } from '../../src/core/dead-letter.ts'
import { startHttp, type TestHttp, TOPICS } from '../support/http.ts'

const URL = '/api/v1/dead-letters/replay'
let http: TestHttp
beforeAll(async () => {
  http = await startHttp()
})
afterAll(() => http.close())

const letter = (asset: string, value: string) =>
  deadLetterRecord(
    TOPICS['dead-letters'],
    { reason: 'schema', detail: 'then', key: asset, value: Buffer.from(value) },
    { source: 'mqtt', topic: `sensors/${asset}`, receivedAt: 1_772_323_200_000 },
  )

test('sends each once, says why others stay, and checks what it is asked', async () => {
  await http.put(letter('pump-1', '{"values":{"t":1}}'), letter('pump-1', 'no json'))
  const first = await http.post(URL, { asset: 'pump-*', from: '2026-03-01T00:00:00Z' })
  expect(first.statusCode).toBe(202)
  expect(first.json()).toMatchObject({
    sent: 1,
    readings: 1,
    already: 0,
    refused: 1,
    errors: [{ where: expect.stringMatching(/^\d:1$/), detail: expect.stringContaining('not-json') }],
    next: null,
  })
  expect((await http.post(URL, { reasons: ['schema'] })).json()).toMatchObject({
    sent: 0,
    already: 1,
    refused: 1,
  })
  for (const wrong of [
    { reasons: ['scheme'] },
    { from: 'noon' },
    { letters: ['1'] },
    { all: true },
    { cursor: '' },
  ]) {
    expect((await http.post(URL, wrong)).statusCode, JSON.stringify(wrong)).toBe(400)
  }
})
