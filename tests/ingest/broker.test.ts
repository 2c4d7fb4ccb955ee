import net from 'node:net'
import mqtt, { type MqttClient } from 'mqtt'
import { afterEach, describe, expect, test } from 'vitest'
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

describe('alerts', () => {
  test('are retained, and taken back by an empty payload', async () => {
    ingest = await startIngest()
    await ingest.broker.publish('alerts/pump-1/risk', Buffer.from('{"alert":1}'), { qos: 1, retain: true })
    const received = await firstRetained(await ingest.connect(), 'alerts/#')
    expect(received).toEqual({ topic: 'alerts/pump-1/risk', payload: '{"alert":1}', retain: true })
    await ingest.broker.publish('alerts/pump-1/risk', new Uint8Array(0), { qos: 1, retain: true })
    await ingest.broker.publish('alerts/pump-2/risk', Buffer.from('2'), { qos: 1, retain: true })
    expect(await firstRetained(await ingest.connect(), 'alerts/#')).toMatchObject({
      topic: 'alerts/pump-2/risk',
    })
  })

  test.each(['alerts/pump-1/risk', '$SYS/x', 'other', 'sensors/a/b'])(
    '%s is not for clients to publish to',
    async (topic) => {
      ingest = await startIngest()
      const client = await ingest.connect()
      const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
      client.publish(topic, 'false alarm', { qos: 1, retain: true }, () => {})
      await closed
      expect(ingest.broker.refused()['publish-denied']).toBe(1)
      const other = await ingest.connect()
      let messages = 0
      other.on('message', () => messages++)
      await other.subscribeAsync('#')
      await other.publishAsync('sensors/pump-1', payloadOf('pump-1', 1), { qos: 1 })
      await until('the reading', () => messages > 0)
      expect(messages).toBe(1)
    },
  )

  test('are received by a session that was away', async () => {
    ingest = await startIngest()
    const first = await ingest.connect({ clientId: 'phone', clean: false })
    await first.subscribeAsync('alerts/#', { qos: 1 })
    await first.endAsync()
    for (let i = 0; i < 1100; i++) {
      await ingest.broker.publish('alerts/pump-1/risk', Buffer.from(String(i)), { qos: 1, retain: true })
    }
    const messages: string[] = []
    const again = mqtt.connect(ingest.url, { clientId: 'phone', clean: false })
    again.on('message', (_topic, payload) => messages.push(payload.toString()))
    await until('what was kept', () => messages.length === 1000)
    again.end(true)
    expect(messages[0]).toBe('0')
    expect(ingest.broker.dropped().sessions).toBe(100)
  })
})

interface Retained {
  topic: string
  payload: string
  retain: boolean
}

async function firstRetained(client: MqttClient, filter: string): Promise<Retained> {
  return new Promise((resolve) => {
    client.once('message', (topic, payload, { retain }) =>
      resolve({ topic, payload: payload.toString(), retain }),
    )
    client.subscribe(filter, { qos: 1 })
  })
}

describe('who may connect', () => {
  const users = { plant: 'secret', office: 'other' }

  test('only users with their password', async () => {
    ingest = await startIngest({ mqtt: { users } })
    await ingest.connect({ username: 'plant', password: 'secret' })
    await expect(ingest.connect({ username: 'plant', password: 'wrong' })).rejects.toThrow(
      /Bad username or password/,
    )
    await expect(ingest.connect({ username: 'nobody', password: '' })).rejects.toThrow(
      /Bad username or password/,
    )
    await expect(ingest.connect()).rejects.toThrow(/Bad username or password/)
    expect(ingest.broker.refused()['bad-credentials']).toBe(3)
  })

  test("not under another user's client id", async () => {
    ingest = await startIngest({ mqtt: { users } })
    await ingest.connect({ username: 'plant', password: 'secret', clientId: 'gateway' })
    await expect(
      ingest.connect({ username: 'office', password: 'other', clientId: 'gateway' }),
    ).rejects.toThrow(/Not authorized/)
    const again = await ingest.connect({ username: 'plant', password: 'secret', clientId: 'gateway' })
    await expect(
      ingest.connect({ username: 'office', password: 'other', clientId: 'gateway' }),
    ).rejects.toThrow()
    await again.publishAsync('sensors/pump-1', payloadOf('pump-1', 1), { qos: 1 })
    expect(ingest.log.records).toHaveLength(1)
  })

  test('only so many at once', async () => {
    ingest = await startIngest({ mqtt: { maxConnections: 2 } })
    await ingest.connect()
    await ingest.connect()
    await expect(ingest.connect({ connectTimeout: 500 })).rejects.toThrow()
    expect(ingest.broker.refused()['too-many-connections']).toBe(1)
  })
})

describe('onlookers', () => {
  test('see readings as they come by, but no session keeps them', async () => {
    ingest = await startIngest()
    const onlooker = await ingest.connect({ clientId: 'onlooker', clean: false })
    const seen: string[] = []
    onlooker.on('message', (topic, payload) => seen.push(`${topic} ${payload.toString()}`))
    await onlooker.subscribeAsync('sensors/#', { qos: 1 })
    const sender = await ingest.connect()
    await sender.publishAsync('sensors/pump-1', payloadOf('pump-1', 1), { qos: 1, retain: true })
    await until('the reading', () => seen.length === 1)
    expect(seen).toEqual([`sensors/pump-1 ${payloadOf('pump-1', 1)}`])
    onlooker.end(true)
    await until('onlooker is gone', () => ingest.broker.connections() === 1)
    await sender.publishAsync('sensors/pump-1', payloadOf('pump-1', 2), { qos: 1 })
    const again = await ingest.connect({ clientId: 'onlooker', clean: false })
    again.on('message', (topic, payload) => seen.push(`${topic} ${payload.toString()}`))
    await sender.publishAsync('sensors/pump-1', payloadOf('pump-1', 3), { qos: 1 })
    await until('the next reading', () => seen.length === 2)
    expect(seen[1]).toBe(`sensors/pump-1 ${payloadOf('pump-1', 3)}`)
  })

  test('that read nothing hold nobody up', async () => {
    ingest = await startIngest()
    const frozen = await ingest.connect()
    await frozen.subscribeAsync('#')
    frozen.stream.pause()
    const sender = await ingest.connect()
    const filler = 'x'.repeat(10_000)
    for (let i = 0; i < 3000; i++) {
      const payload = JSON.stringify({ ts: i, values: { t: i }, filler })
      await sender.publishAsync('sensors/pump-1', payload, { qos: 1 })
    }
    expect(ingest.log.records).toHaveLength(3000)
    expect(ingest.broker.dropped().onlookers).toBeGreaterThan(0)
  })

  test('may not subscribe without end, nor to $ topics', async () => {
    ingest = await startIngest()
    const client = await ingest.connect()
    expect(await client.subscribeAsync('$SYS/#').catch((error: Error) => error.message)).toMatch(
      /Unspecified error/,
    )
    for (let i = 0; i < 64; i++) await client.subscribeAsync(`a/${i}`)
    await expect(client.subscribeAsync('a/64')).rejects.toThrow()
    await client.subscribeAsync('a/3')
    expect(ingest.broker.refused()['subscribe-denied']).toBe(2)
  })
})

describe('strange bytes', () => {
  /** Sends bytes on a bare socket; resolves with what came back once the broker has closed it. */
  function sendRaw(...pieces: Buffer[]): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const received: Buffer[] = []
      const socket = net.connect(ingest.broker.port, '127.0.0.1', () => {
        for (const piece of pieces) socket.write(piece)
      })
      socket.on('data', (chunk: Buffer) => received.push(chunk))
      socket.on('close', () => resolve(Buffer.concat(received)))
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
      })
    })
  }
  const connect = Buffer.from([0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 1, 0x78])
  const length = (bytes: number) => {
    return Buffer.from([
      (bytes & 0x7f) | 0x80,
      ((bytes >> 7) & 0x7f) | 0x80,
      ((bytes >> 14) & 0x7f) | 0x80,
      bytes >> 21,
    ])
  }

  test.each([
    ['a PUBLISH before CONNECT', 'malformed', [Buffer.from([0x30, 3, 0, 1, 0x61])]],
    ['a CONNECT of 256 MB', 'packet-too-large', [Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f])]],
    ['a length without end', 'malformed', [connect, Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0xff])]],
    ['a SUBSCRIBE of 1 MB', 'packet-too-large', [connect, Buffer.from([0x82]), length(1 << 20)]],
    ['a QoS 2 PUBLISH of 1 MB', 'packet-too-large', [connect, Buffer.from([0x34]), length(1 << 20)]],
    [
      'a PUBLISH of 1 MB to alerts',
      'packet-too-large',
      [
        connect,
        Buffer.from([0x30]),
        length(1 << 20),
        Buffer.from([0, 8]),
        Buffer.from('alerts/x'),
        Buffer.alloc((1 << 20) - 10),
      ],
    ],
    ['a PUBLISH whose topic ends behind it', 'protocol', [connect, Buffer.from([0x30, 4, 0, 9, 0x61, 0x62])]],
    ['a QoS 3 PUBLISH', 'protocol', [connect, Buffer.from([0x36, 5, 0, 1, 0x61, 0, 1])]],
    ['a second CONNECT', 'protocol', [connect, connect]],
  ] as const)('%s ends the connection: %s', async (_name, refusal, pieces) => {
    ingest = await startIngest()
    await sendRaw(...pieces)
    expect(ingest.broker.refused()).toEqual({ [refusal]: 1 })
    const good = await ingest.connect()
    await good.publishAsync('sensors/pump-1', payloadOf('pump-1', 1), { qos: 1 })
    expect(ingest.log.records).toHaveLength(1)
  })

  test('a packet in single bytes is read as one', async () => {
    ingest = await startIngest()
    const topic = 'sensors/pump-1'
    const payload = payloadOf('pump-1', 1)
    const body = Buffer.concat([
      Buffer.from([0, topic.length]),
      Buffer.from(topic),
      Buffer.from([0, 7]),
      Buffer.from(payload),
    ])
    const packet = Buffer.concat([connect, Buffer.from([0x32, body.length]), body, Buffer.from([0xe0, 0])])
    const socket = net.connect({ port: ingest.broker.port, host: '127.0.0.1', noDelay: true })
    const received: Buffer[] = []
    socket.on('data', (chunk: Buffer) => received.push(chunk))
    for (const byte of packet.subarray(0, -2)) {
      socket.write(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await until('a PUBACK', () => Buffer.concat(received).length === 8)
    expect(Buffer.concat(received)).toEqual(Buffer.from([0x20, 2, 0, 0, 0x40, 2, 0, 7]))
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.on('error', () => socket.destroy())
    socket.end(packet.subarray(-2))
    await closed
    expect(values()).toEqual([payload])
  })

  test('who says nothing for one and a half keep-alives is gone; who sends readings is not', async () => {
    ingest = await startIngest()
    const keepAlive1 = Buffer.from(connect)
    keepAlive1[11] = 1
    const started = Date.now()
    const talking = await ingest.connect({ keepalive: 1, reschedulePings: true })
    const timer = setInterval(
      () => talking.publish('sensors/pump-1', payloadOf('pump-1', 1), { qos: 1 }),
      200,
    )
    await sendRaw(keepAlive1)
    clearInterval(timer)
    expect(Date.now() - started).toBeGreaterThan(1500)
    expect(talking.connected).toBe(true)
    expect(ingest.broker.refused()).toEqual({ silent: 1 })
  })
})
