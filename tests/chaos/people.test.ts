import { once } from 'node:events'
import http, { type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRandom } from '../../simulators/random.ts'
import { type People, startPeople } from '../../src/chaos/people.ts'

let server: Server
let people: People | null = null
/** Answers of the API in turn; the last one stays. */
let answers: number[] = []
const asked: string[] = []

beforeEach(async () => {
  asked.length = 0
  server = http.createServer((request, response) => {
    if (request.method === 'GET') {
      response.end(JSON.stringify({ items: [{ alert: 'pump-1:risk:1' }, { alert: 'pump-2:risk:1' }] }))
      return
    }
    asked.push(request.url ?? '')
    const status = answers.length > 1 ? answers.shift()! : answers[0]!
    if (status === 0) response.destroy()
    else response.writeHead(status).end(JSON.stringify({ id: `c-${asked.length}` }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterEach(async () => {
  await people?.stop()
  server.closeAllConnections()
  server.close()
})

test('only what was answered with 202 counts as accepted', async () => {
  answers = [202, 409, 0, 503, 202]
  const { port } = server.address() as AddressInfo
  people = startPeople(`http://127.0.0.1:${port}`, createRandom(1))
  await expect.poll(() => asked.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(5)
  await people.stop()
  const after = asked.length
  expect([...people.accepted]).toEqual(['c-1', ...Array.from({ length: after - 4 }, (_, i) => `c-${i + 5}`)])
  expect(asked.every((url) => /^\/api\/v1\/alerts\/pump-[12]:risk:1\/acknowledge$/.test(url))).toBe(true)
  await new Promise((resolve) => setTimeout(resolve, 400))
  expect(asked.length).toBe(after)
})
