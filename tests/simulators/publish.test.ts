import { afterEach, expect, test } from 'vitest'
import { PUBLISH_DEFAULTS, publishReadings } from '../../simulators/publish.ts'
import { startIngest, until } from '../support/ingest.ts'

let ingest: Awaited<ReturnType<typeof startIngest>> | null = null
afterEach(async () => {
  await ingest?.close()
  ingest = null
})

const reading = (asset: string, ts: number) => ({ asset, ts, values: { temperature: ts } })
const max = { ...PUBLISH_DEFAULTS, speed: Number.POSITIVE_INFINITY }
const valuesOf = (asset: string) =>
  ingest?.log.records
    .filter(({ key }) => key === asset)
    .map(({ value }) => JSON.parse(Buffer.from(value ?? []).toString()))

test('returns when everything is acknowledged; each asset keeps its order', async () => {
  ingest = await startIngest()
  const readings = Array.from({ length: 3000 }, (_, i) => reading(`pump-${i % 7}`, i))
  expect(await publishReadings(readings, { ...max, url: ingest.url })).toEqual({
    readings: 3000,
    reconnects: 0,
  })
  expect(ingest.intake.received().decoded).toBe(3000)
  for (let p = 0; p < 7; p++) {
    expect(valuesOf(`pump-${p}`)).toEqual(readings.filter(({ asset }) => asset === `pump-${p}`))
  }
})

test('never more are unacknowledged than the window says', async () => {
  ingest = await startIngest()
  ingest.log.hold()
  const published = publishReadings(
    (async function* () {
      for (let i = 0; i < 500; i++) yield reading('pump-1', i)
    })(),
    { ...max, url: ingest.url, window: 50 },
  )
  await until('a full window', () => ingest?.gate.queues()[0]?.depth === 50)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(ingest.gate.queues()[0]?.depth).toBe(50)
  ingest.log.release()
  await published
  expect(ingest.log.records).toHaveLength(500)
})

test('a cut connection comes back, and what was not acknowledged is sent again', async () => {
  ingest = await startIngest()
  const { log, url, broker } = ingest
  log.hold()
  const readings = Array.from({ length: 100 }, (_, i) => reading('pump-1', i))
  const published = publishReadings(readings, { ...max, url, connections: 1 })
  await until('readings in flight', () => ingest?.gate.queues()[0]?.depth === 100)
  // An append that will never be durable ends the connection without an acknowledgement.
  log.fail(new Error('closed'))
  expect(await published).toEqual({ readings: 100, reconnects: 1 })
  expect(broker.refused()).toEqual({})
  expect(valuesOf('pump-1')).toEqual(readings)
})

test('times of the readings set the pace, at the speed that is asked for', async () => {
  ingest = await startIngest()
  const startedMs = performance.now()
  await publishReadings([reading('a', 0), reading('a', 1000), reading('a', 4000)], {
    ...max,
    url: ingest.url,
    speed: 10,
  })
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(390)
  expect(ingest.log.records).toHaveLength(3)
})

test('an abort ends it after what was sent is acknowledged', async () => {
  ingest = await startIngest()
  const stop = new AbortController()
  const published = publishReadings([reading('a', 0), reading('a', 3_600_000)], {
    ...max,
    url: ingest.url,
    speed: 1,
    signal: stop.signal,
  })
  await until('the first', () => ingest?.log.records.length === 1)
  stop.abort()
  expect(await published).toEqual({ readings: 1, reconnects: 0 })
})

test('a broker that is not there, or refuses, is named', async () => {
  await expect(publishReadings([], { ...max, url: 'mqtt://127.0.0.1:1' })).rejects.toThrow(
    /can't reach the MQTT broker at mqtt:\/\/127.0.0.1:1/,
  )
  ingest = await startIngest({ mqtt: { users: { plant: 'secret' } } })
  await expect(publishReadings([], { ...max, url: ingest.url })).rejects.toThrow(/Bad username or password/)
  const user = { username: 'plant', password: 'secret' }
  expect(await publishReadings([reading('a', 1)], { ...max, ...user, url: ingest.url })).toMatchObject({
    readings: 1,
  })
})
