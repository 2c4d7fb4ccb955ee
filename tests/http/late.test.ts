import { afterEach, beforeEach, expect, it } from 'vitest'
import type { NewRecord } from '../../src/core/ports.ts'
import { scoreRecord, startHttp, type TestHttp, TOPICS } from '../support/http.ts'

let http: TestHttp
beforeEach(async () => {
  http = await startHttp()
})
afterEach(() => http.close())

const T = 1_700_000_000_000

function letter(asset: string, reason: string, missed: string, ts = T): NewRecord {
  const value = Buffer.from(JSON.stringify({ asset, ts, values: { temperature: 1 } }))
  return { topic: TOPICS['dead-letters'], key: asset, value, headers: { reason, 'late-windows': missed } }
}

it('counts late readings by asset, pipeline and window, newest window first', async () => {
  const score = scoreRecord({ windowEnd: T + 5000 })
  const asset = score.key!
  await http.put(
    score,
    letter(asset, 'late', `p@${T}/${T + 5000}`),
    letter(asset, 'late', `p@${T}/${T + 5000} q@${T - 5000}/${T}`),
    letter(asset, 'late', `p@${T + 5000}/${T + 10_000}`),
    letter(asset, 'future', `p@${T}/${T + 5000}`),
    letter('pump-77', 'late', `p@${T}/${T + 5000}`),
  )
  await http.settled()
  const answer = await http.ask(`/api/v1/assets/${asset}/late`)
  expect(answer.json()).toEqual({
    items: [
      { pipeline: 'p', windowStart: T + 5000, windowEnd: T + 10_000, late: 1 },
      { pipeline: 'p', windowStart: T, windowEnd: T + 5000, late: 2 },
      { pipeline: 'q', windowStart: T - 5000, windowEnd: T, late: 1 },
    ],
    next: null,
  })
  const [only] = (await http.ask(`/api/v1/assets/${asset}/late?pipeline=q`)).json().items
  expect(only).toMatchObject({ pipeline: 'q', late: 1 })
})

it('finds the window of a count or a session by its score, as long as that is remembered', async () => {
  const score = scoreRecord({ windowEnd: T + 5000 })
  const asset = score.key!
  const { pipeline, windowStart } = JSON.parse(String(Buffer.from(score.value!)))
  await http.put(
    score,
    letter(asset, 'late', `${pipeline}@`, windowStart + 1),
    letter(asset, 'late', `${pipeline}@`, T - 900_000),
  )
  await http.settled()
  const { items } = (await http.ask(`/api/v1/assets/${asset}/late`)).json()
  expect(items).toEqual([
    { pipeline, windowStart, windowEnd: T + 5000, late: 1 },
    { pipeline, windowStart: null, windowEnd: null, late: 1 },
  ])
})

it('does not know an asset that was never scored', async () => {
  expect((await http.ask('/api/v1/assets/pump-99/late')).statusCode).toBe(404)
})
