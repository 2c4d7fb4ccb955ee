import mqtt, { type MqttClient } from 'mqtt'
import { afterEach, describe, expect, test } from 'vitest'
import { connectBroker, type OutsideBroker } from '../../src/ingest/mqtt.ts'
import { makeHandLog, makeParts, payloadOf, startIngest, until } from '../support/ingest.ts'
import { type Mosquitto, startMosquitto } from '../support/mosquitto.ts'
import { requires } from '../support/requires.ts'

const SETTINGS = { topic: 'sensors/{asset}', clientId: 'forewarn-test', username: null, password: null }
const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function connectTo(url: string, inFlightReadings = 20_000) {
  const log = makeHandLog()
  const parts = makeParts(log, { limits: { inFlightReadings } })
  const states: string[] = []
  const broker: OutsideBroker = connectBroker({
    mqtt: { ...SETTINGS, url },
    limits: { inFlightReadings },
    ...parts,
    onState: ({ connected, detail }) => states.push(connected ? 'connected' : detail),
  })
  closing.push(() => broker.close())
  return { log, broker, states, ...parts }
}

async function sender(url: string): Promise<MqttClient> {
  const client = await mqtt.connectAsync(url, { reconnectPeriod: 50 })
  closing.push(() => client.endAsync(true))
  return client
}

const mosquittoProgram = requires('mosquitto')

describe.skipIf(mosquittoProgram.missing)('with Mosquitto', () => {
  async function start(more: readonly string[] = []): Promise<Mosquitto> {
    const mosquitto = await startMosquitto(mosquittoProgram.path, more)
    closing.push(() => mosquitto.stop())
    return mosquitto
  }

  const values = (log: ReturnType<typeof makeHandLog>) =>
    log.records.map(({ value }) => Buffer.from(value ?? []).toString())

  test('messages come in order, also many, and bad ones become dead letters', async () => {
    const { url } = await start()
    const { log, broker, intake } = connectTo(url)
    await until('connection', () => broker.state().connected)
    const client = await sender(url)
    const sent = Array.from({ length: 3000 }, (_, i) => payloadOf('pump-1', i))
    await Promise.all(sent.map((payload) => client.publishAsync('sensors/pump-1', payload, { qos: 1 })))
    await client.publishAsync('sensors/pump-1', 'no json', { qos: 1 })
    await until('all messages', () => log.records.length >= 3001)
    expect(values(log)).toEqual([...sent, 'no json'])
    expect(log.records.at(-1)).toMatchObject({
      topic: 'dead-letters',
      headers: { reason: 'not-json', source: 'mqtt' },
    })
    expect(intake.received()).toEqual({ decoded: 3000, rejected: 1, unassigned: 0 })
  })

  test('what is not durable is not acknowledged, and never more than the window is in hand', async () => {
    const { url } = await start()
    const { log, broker, gate } = connectTo(url, 50)
    await until('connection', () => broker.state().connected)
    log.hold()
    const client = await sender(url)
    const sent = Array.from({ length: 400 }, (_, i) => payloadOf('pump-1', i))
    await Promise.all(sent.map((payload) => client.publishAsync('sensors/pump-1', payload, { qos: 1 })))
    await until('a full window', () => gate.queues()[0]?.depth === 50)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(gate.queues()[0]?.depth).toBe(50)
    expect(log.records).toEqual([])
    log.release()
    await until('all messages', () => log.records.length === 400)
    expect(values(log)).toEqual(sent)
  })

  test('what was not acknowledged comes again, and what came while we were away', async () => {
    const { url } = await start()
    const first = connectTo(url)
    await until('connection', () => first.broker.state().connected)
    first.log.hold()
    const client = await sender(url)
    const sent = Array.from({ length: 20 }, (_, i) => payloadOf('pump-1', i))
    for (const payload of sent.slice(0, 10)) await client.publishAsync('sensors/pump-1', payload, { qos: 1 })
    // Not only at the gate: what reaches the log behind the failure would be taken.
    await until('readings in flight', () => first.log.waiting() === 10)
    first.log.fail(new Error('closed'))
    await first.broker.close()
    expect(first.log.records).toEqual([])
    for (const payload of sent.slice(10)) await client.publishAsync('sensors/pump-1', payload, { qos: 1 })
    const second = connectTo(url)
    await until('all messages', () => second.log.records.length >= 20)
    expect(values(second.log)).toEqual(sent)
  })

  test('a broker that goes away and comes back is found again; nothing acknowledged is lost', async () => {
    const mosquitto = await start()
    const { log, broker, states } = connectTo(mosquitto.url)
    await until('connection', () => broker.state().connected)
    const client = await sender(mosquitto.url)
    const sent: string[] = []
    const send = async (from: number, to: number) => {
      for (let i = from; i < to; i++) {
        sent.push(payloadOf('pump-1', i))
        await client.publishAsync('sensors/pump-1', payloadOf('pump-1', i), { qos: 1 })
      }
    }
    await send(0, 200)
    await mosquitto.restart()
    await send(200, 400)
    await until('all messages', () => new Set(values(log)).size === 400)
    expect([...new Set(values(log))]).toEqual(sent)
    expect(states).toEqual(expect.arrayContaining(['connected', `no connection to ${mosquitto.url}`]))
  })

  test('a refused password is said', async () => {
    const { url } = await start(['allow_anonymous false'])
    const { broker, states } = connectTo(url)
    await until('a refusal', () => states.some((state) => state.includes('Not authorized')))
    expect(broker.state().connected).toBe(false)
  })
})

test('a broker that speaks only MQTT 3.1.1 is spoken to in it', async () => {
  const outside = await startIngest()
  closing.push(() => outside.close())
  const { broker, log } = connectTo(outside.url)
  await until('connection', () => broker.state().connected)
  const client = await outside.connect()
  await client.publishAsync('sensors/pump-1', payloadOf('pump-1', 1), { qos: 1 })
  await until('the reading', () => log.records.length === 1)
  expect(log.records[0]).toMatchObject({ key: 'pump-1' })
})

test('a broker that is not there is said, and waited for', async () => {
  const { broker, states } = connectTo('mqtt://127.0.0.1:1')
  await until('a failure', () => states.length > 0)
  expect(broker.state()).toMatchObject({ connected: false })
  expect(states.join()).toContain('127.0.0.1:1')
})
