import { afterEach, expect, it } from 'vitest'
import type { EventLog } from '../../src/core/ports.ts'
import { memoryLog, scoreRecord, startHttp, type TestHttp, until } from '../support/http.ts'

let http: TestHttp
afterEach(() => http.close())

it('is live', async () => {
  http = await startHttp()
  const answer = await http.ask('/health/live')
  expect(answer.statusCode).toBe(200)
  expect(answer.json()).toEqual({ status: 'live', version: '0.0.0-test' })
  expect(answer.headers['cache-control']).toBe('no-store')
})

it('is ready, with details', async () => {
  http = await startHttp({
    readiness: () => ({ ready: true, reasons: [], details: { backend: 'tensorflow' } }),
  })
  const answer = await http.ask('/health/ready')
  expect(answer.statusCode).toBe(200)
  expect(answer.json()).toEqual({ status: 'ready', reasons: [], details: { backend: 'tensorflow' } })
})

it('is 503 with reasons when it is not ready', async () => {
  http = await startHttp({ readiness: () => ({ ready: false, reasons: ['the disk is full'], details: {} }) })
  const answer = await http.ask('/health/ready')
  expect(answer.statusCode).toBe(503)
  expect(answer.json()).toEqual({ status: 'not-ready', reasons: ['the disk is full'], details: {} })
})

/** A log of three scores that nobody can follow until the gate opens. */
async function gatedLog() {
  const log = memoryLog(1)
  await log.append(Array.from({ length: 3 }, (_, i) => scoreRecord({ windowEnd: i })))
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const gated: EventLog = {
    ...log,
    follow: (options) =>
      log.follow({
        ...options,
        open(partition) {
          const processor = options.open(partition)
          return { ...processor, restore: async (...args) => gate.then(() => processor.restore(...args)) }
        },
      }),
  }
  return { gated, open }
}

it('is not ready while the dashboard’s view is being read', async () => {
  const { gated, open } = await gatedLog()
  http = await startHttp({ log: gated })
  const first = await http.ask('/health/ready')
  expect(first.statusCode).toBe(503)
  expect(first.json().reasons).toEqual(["the dashboard's view is being read: 3 records to go"])
  open()
  await until(async () => (await http.ask('/health/ready')).statusCode === 200)
})

it('becomes ready when retention has taken what the view waited for', async () => {
  const { gated, open } = await gatedLog()
  let forgotten = false
  const bounds = async (topic: string) => {
    const all = await gated.bounds(topic)
    return forgotten ? all.map(({ end }) => ({ start: end, end })) : all
  }
  http = await startHttp({ log: { ...gated, bounds } })
  expect((await http.ask('/health/ready')).statusCode).toBe(503)
  forgotten = true
  await until(async () => (await http.ask('/health/ready')).statusCode === 200)
  open()
})

it('is not ready when the view can never follow again', async () => {
  const { gated } = await gatedLog()
  const follow: EventLog['follow'] = () => ({
    owned: () => [],
    lag: async () => new Map(),
    done: Promise.reject(new Error('offset 3 is no number')),
    stop: async () => {},
  })
  http = await startHttp({ log: { ...gated, follow } })
  await until(async () => (await http.ask('/health/ready')).body.includes('no longer follows'))
  const { reasons } = (await http.ask('/health/ready')).json()
  expect(reasons).toEqual(["the dashboard's view no longer follows alerts: offset 3 is no number"])
})

it('serves health and metrics without the API, as other roles do', async () => {
  http = await startHttp({ withoutApi: true })
  expect((await http.ask('/health/live')).statusCode).toBe(200)
  expect((await http.ask('/health/ready')).statusCode).toBe(200)
  expect((await http.ask('/metrics')).statusCode).toBe(200)
  expect((await http.ask('/openapi.json')).statusCode).toBe(200)
  for (const url of ['/', '/api/v1/assets', '/api/v1/events'])
    expect((await http.ask(url)).statusCode, url).toBe(404)
})

it('negotiates the format of the metrics', async () => {
  http = await startHttp()
  const plain = await http.ask('/metrics')
  expect(plain.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  const open = await http.ask('/metrics', {
    headers: { accept: 'application/openmetrics-text; version=1.0.0' },
  })
  expect(open.headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
  expect(open.body.endsWith('# EOF\n')).toBe(true)
  expect(open.headers.vary).toBe('accept')
})
