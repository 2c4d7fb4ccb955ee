/** Readings through the embedded broker, from a client to the log and back. */
import { afterEach, expect, test } from 'vitest'
import { payloadOf, startIngest, until } from '../support/ingest.ts'

let ingest: Awaited<ReturnType<typeof startIngest>>
afterEach(() => ingest.close())

const values = () => ingest.log.records.map((record) => Buffer.from(record.value ?? []).toString())

test('readings are acknowledged once they are durable, and not before', async () => {
  ingest = await startIngest()
  const client = await ingest.connect()
  ingest.log.hold()
  let acknowledged = 0
  const published = Array.from({ length: 500 }, (_, i) => {
    return client.publishAsync('sensors/pump-1', payloadOf('pump-1', i), { qos: 1 }).then(() => {
      acknowledged++
    })
  })
  await until('readings in flight', () => ingest.gate.queues()[0]?.depth === 500)
  expect(acknowledged).toBe(0)
  expect(ingest.intake.received().decoded).toBe(0)
  ingest.log.release()
  await Promise.all(published)
  expect(values()).toEqual(Array.from({ length: 500 }, (_, i) => payloadOf('pump-1', i)))
  expect(ingest.log.records.every(({ topic, key }) => topic === 'readings' && key === 'pump-1')).toBe(true)
  expect(ingest.intake.received()).toEqual({ decoded: 500, rejected: 0, unassigned: 0 })
  expect(ingest.gate.queues().map(({ depth }) => depth)).toEqual([0, 0])
})

test('QoS 0, 1 and 2 arrive', async () => {
  ingest = await startIngest()
  const client = await ingest.connect()
  for (const qos of [0, 1, 2] as const) {
    await client.publishAsync('sensors/pump-1', payloadOf('pump-1', qos), { qos })
  }
  await until('three readings', () => ingest.log.records.length === 3)
  expect(values().sort()).toEqual([0, 1, 2].map((qos) => payloadOf('pump-1', qos)))
})

test('what is no reading is a dead letter with its bytes, and is acknowledged', async () => {
  ingest = await startIngest({ assigned: (asset) => asset !== 'stranger' })
  const client = await ingest.connect()
  const before = Date.now()
  await client.publishAsync('sensors/pump-1', 'no json', { qos: 1 })
  await client.publishAsync('sensors/stranger', '{"ts":"2023-11-14T22:13:20Z","values":{"t":1}}', { qos: 1 })
  await client.publishAsync(
    'sensors/pump-1',
    '[{"asset":"stranger","ts":1,"values":{}},{"ts":2,"values":{}}]',
    {
      qos: 1,
    },
  )
  const [first, second, third, fourth] = ingest.log.records
  expect(first).toMatchObject({
    topic: 'dead-letters',
    key: 'pump-1',
    value: Buffer.from('no json'),
    headers: { reason: 'not-json', source: 'mqtt', 'source-topic': 'sensors/pump-1' },
  })
  expect(Number(first?.headers?.['received-at'])).toBeGreaterThanOrEqual(before)
  expect(second).toMatchObject({
    topic: 'dead-letters',
    key: 'stranger',
    value: Buffer.from('{"ts":"2023-11-14T22:13:20Z","values":{"t":1}}'),
    headers: { reason: 'unassigned', detail: 'no pipeline takes asset stranger' },
  })
  expect(third).toMatchObject({
    value: Buffer.from('{"asset":"stranger","ts":1,"values":{}}'),
    headers: { reason: 'unassigned', index: '0' },
  })
  expect(fourth).toMatchObject({ topic: 'readings', key: 'pump-1' })
  expect(ingest.intake.received()).toEqual({ decoded: 1, rejected: 1, unassigned: 2 })
  expect(ingest.intake.deadLetters()).toMatchObject({ 'not-json': 1, unassigned: 2, schema: 0 })
})

test('a payload beyond all measure is let by, kept in part and acknowledged', async () => {
  ingest = await startIngest({ limits: { payloadBytes: 100_000 } })
  const client = await ingest.connect()
  const huge = `{"values":{"t":1},"filler":"${'ä'.repeat(2_000_000)}"}`
  await Promise.all([
    client.publishAsync('sensors/pump-1', payloadOf('pump-1', 1), { qos: 1 }),
    client.publishAsync('sensors/pump-1', huge, { qos: 1 }),
    client.publishAsync('sensors/pump-1', huge, { qos: 0 }),
    client.publishAsync('sensors/pump-1', payloadOf('pump-1', 2), { qos: 1 }),
  ])
  expect(ingest.log.records.map(({ topic }) => topic)).toEqual([
    'readings',
    'dead-letters',
    'dead-letters',
    'readings',
  ])
  for (const letter of ingest.log.records.slice(1, 3)) {
    expect(letter.value).toEqual(Buffer.from(huge).subarray(0, 65_536))
    expect(letter.headers).toMatchObject({ reason: 'too-large', truncated: 'true' })
    expect(letter.headers?.detail).toContain(String(Buffer.byteLength(huge)))
  }
})

test('sockets are not read beyond the limit, and are read again below it', async () => {
  ingest = await startIngest({ limits: { inFlightReadings: 100 } })
  const clients = await Promise.all(Array.from({ length: 5 }, () => ingest.connect()))
  ingest.log.hold()
  const published = clients.flatMap((client, c) =>
    Array.from({ length: 1000 }, (_, i) =>
      client.publishAsync(`sensors/pump-${c}`, payloadOf(`pump-${c}`, i), { qos: i % 2 === 0 ? 1 : 0 }),
    ),
  )
  await until('a shut gate', () => ingest.gate.shut())
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(ingest.gate.queues()[0]?.depth).toBe(100)
  ingest.log.release()
  await Promise.all(published)
  await until('all readings', () => ingest.log.records.length === 5000)
  for (let c = 0; c < 5; c++) {
    const own = ingest.log.records.filter(({ key }) => key === `pump-${c}`)
    expect(own.map(({ value }) => Buffer.from(value ?? []).toString())).toEqual(
      Array.from({ length: 1000 }, (_, i) => payloadOf(`pump-${c}`, i)),
    )
  }
  expect(ingest.gate.shutCount()).toBeGreaterThan(0)
})

test('large payloads at once are slowed down to the limit, and all arrive', async () => {
  ingest = await startIngest({ limits: { inFlightBytes: 600_000 } })
  const clients = await Promise.all(Array.from({ length: 20 }, () => ingest.connect()))
  const filler = 'x'.repeat(200_000)
  const published = clients.flatMap((client, c) =>
    [1, 2, 3].map((n) => {
      const payload = JSON.stringify({ ts: n, values: { t: n }, filler })
      return client.publishAsync(`sensors/pump-${c}`, payload, { qos: 1 })
    }),
  )
  await Promise.all(published)
  expect(ingest.log.records).toHaveLength(60)
  expect(ingest.log.records.every(({ topic }) => topic === 'readings')).toBe(true)
  expect(ingest.refused).toEqual([])
  expect(ingest.gate.queues().map(({ depth }) => depth)).toEqual([0, 0])
})

test('a connection cut between append and PUBACK: the redelivery is in the log as well', async () => {
  ingest = await startIngest()
  const client = await ingest.connect({ clean: false, clientId: 'gateway', reconnectPeriod: 20 })
  ingest.log.hold()
  const published = Array.from({ length: 10 }, (_, i) =>
    client.publishAsync('sensors/pump-1', payloadOf('pump-1', i), { qos: 1 }),
  )
  await until('readings in flight', () => ingest.gate.queues()[0]?.depth === 10)
  client.stream.destroy()
  await until('a closed connection', () => ingest.broker.connections() === 0)
  ingest.log.release()
  await Promise.all(published)
  const all = Array.from({ length: 10 }, (_, i) => payloadOf('pump-1', i))
  expect(values()).toEqual([...all, ...all])
})

test('an append that can never be durable is not acknowledged: the connection ends', async () => {
  ingest = await startIngest()
  const client = await ingest.connect()
  ingest.log.hold()
  let acknowledged = false
  client.publish('sensors/pump-1', payloadOf('pump-1', 1), { qos: 1 }, (error) => {
    acknowledged = !error
  })
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
  await until('a reading in flight', () => ingest.gate.queues()[0]?.depth === 1)
  ingest.log.fail(new Error('closed'))
  await closed
  expect(acknowledged).toBe(false)
  expect(ingest.intake.received().decoded).toBe(0)
})

test('close waits until what was taken is acknowledged', async () => {
  ingest = await startIngest()
  const client = await ingest.connect()
  ingest.log.hold()
  const published = client.publishAsync('sensors/pump-1', payloadOf('pump-1', 1), { qos: 1 })
  await until('a reading in flight', () => ingest.gate.queues()[0]?.depth === 1)
  const closed = ingest.broker.close()
  setTimeout(() => ingest.log.release(), 50)
  await Promise.all([published, closed])
  expect(ingest.log.records).toHaveLength(1)
})

test('a taken port is named', async () => {
  ingest = await startIngest()
  await expect(startIngest({ mqtt: { port: ingest.broker.port } })).rejects.toThrow(
    `MQTT address 127.0.0.1:${ingest.broker.port} is taken; stop what listens there, or set mqtt.port`,
  )
})
