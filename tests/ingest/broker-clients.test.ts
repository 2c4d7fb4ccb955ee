/** Clients of the embedded broker that do other things than send readings: alerts, access, onlookers. */
import mqtt, { type MqttClient } from 'mqtt'
import { afterEach, describe, expect, test } from 'vitest'
import { payloadOf, startIngest, until } from '../support/ingest.ts'

let ingest: Awaited<ReturnType<typeof startIngest>>
afterEach(() => ingest.close())

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
