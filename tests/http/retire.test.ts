import { afterEach, beforeEach, expect, it } from 'vitest'
import { scoreRecord, startHttp, type TestHttp } from '../support/http.ts'

let http: TestHttp
beforeEach(async () => {
  http = await startHttp()
})
afterEach(() => http.close())

it('puts a command for the asset into the log and answers with its id', async () => {
  const score = scoreRecord({})
  await http.put(score)
  await http.settled()
  const url = `/api/v1/assets/${score.key}/retire`
  const answer = await http.post(url, { by: 'ann', comment: 'sold' })
  expect(answer.statusCode).toBe(202)
  expect(http.commands).toMatchObject([
    { id: answer.json().id, command: 'retire', asset: score.key, by: 'ann', comment: 'sold' },
  ])
})

it('does not know an asset that was never scored', async () => {
  const answer = await http.post('/api/v1/assets/pump-99/retire', { by: 'ann' })
  expect(answer.statusCode).toBe(404)
  expect(answer.json().detail).toMatch(/pump-99/)
  expect(http.commands).toEqual([])
})

it('wants to know by whom', async () => {
  expect((await http.post('/api/v1/assets/pump-99/retire', {})).statusCode).toBe(400)
})
