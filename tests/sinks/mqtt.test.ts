import mqtt from 'mqtt'
import { afterEach, describe, expect, test } from 'vitest'
import { topicNames } from '../../src/core/topics.ts'
import { createMemoryLog, type MemoryLog } from '../../src/eventlog/memory.ts'
import { type MqttSink, startMqttSink } from '../../src/sinks/mqtt.ts'
import { connectPublisher } from '../../src/sinks/mqtt-publisher.ts'
import { startIngest, until } from '../support/ingest.ts'
import { startMosquitto } from '../support/mosquitto.ts'
import { requires } from '../support/requires.ts'

const topics = topicNames('forewarn.')
const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function makeLog(): MemoryLog {
  const log = createMemoryLog({ partitions: 2, topics })
  closing.push(() => log.close())
  return log
}

const alert = (asset: string, state: string, score = 0.9) =>
  JSON.stringify({ alert: `${asset}:risk:1`, asset, rule: 'risk', state, score })

async function put(log: MemoryLog, asset: string, value: string | null): Promise<void> {
  const bytes = value === null ? null : Buffer.from(value)
  await log.append([{ topic: topics['alert-states'], key: `${asset}/risk`, value: bytes }])
}

/** A sink whose messages the test keeps; the newest per topic is what a broker would retain. */
function startKept(log: MemoryLog, fail: () => boolean = () => false) {
  const messages: { topic: string; payload: string }[] = []
  const errors: Error[] = []
  const sink: MqttSink = startMqttSink({
    log,
    topics,
    group: 'forewarn',
    topic: 'alerts/{asset}/{rule}',
    async publish(topic, payload, options) {
      if (fail()) throw new Error('broker is away')
      expect(options).toEqual({ qos: 1, retain: true })
      messages.push({ topic, payload: Buffer.from(payload).toString() })
    },
    onError: (error) => errors.push(error),
  })
  closing.push(() => sink.stop())
  const retained = () => Object.fromEntries(messages.map(({ topic, payload }) => [topic, payload]))
  return { sink, messages, retained, errors }
}

test('each state of an alert is published, and an empty payload once it is over', async () => {
  const log = makeLog()
  const { messages } = startKept(log)
  const states = ['active', 'acknowledged', 'closed'].map((state) => alert('pump-1', state))
  for (const [i, value] of states.entries()) {
    await put(log, 'pump-1', value)
    await until('publication', () => messages.length > i)
  }
  expect(messages).toEqual(
    [states[0], states[1], ''].map((payload) => ({ topic: 'alerts/pump-1/risk', payload })),
  )
  await put(log, 'pump-2', alert('pump-2', 'active'))
  await put(log, 'pump-2', null)
  await until(
    'an end',
    () => messages.at(-1)?.topic === 'alerts/pump-2/risk' && messages.at(-1)?.payload === '',
  )
})

test('at start the open alerts are published again, the others are not', async () => {
  const log = makeLog()
  await put(log, 'pump-1', alert('pump-1', 'active'))
  await put(log, 'pump-2', alert('pump-2', 'active'))
  await put(log, 'pump-2', alert('pump-2', 'closed'))
  const first = startKept(log)
  await until('what the group reads', () => first.messages.length === 2)
  await first.sink.stop()
  expect(first.retained()).toEqual({
    'alerts/pump-1/risk': alert('pump-1', 'active'),
    'alerts/pump-2/risk': '',
  })
  const second = startKept(log)
  await until('the open one', () => second.messages.length > 0)
  await expect.poll(() => second.sink.lag()).toBe(0)
  expect(second.messages).toEqual([{ topic: 'alerts/pump-1/risk', payload: alert('pump-1', 'active') }])
})

test('two engines divide the partitions: what one has published, the other does not take back', async () => {
  const log = makeLog()
  await put(log, 'pump-1', alert('pump-1', 'active'))
  const first = startKept(log)
  await until('publication', () => first.messages.length === 1)
  const second = startKept(log)
  await put(log, 'pump-1', alert('pump-1', 'closed'))
  await until('the end of the alert', () => first.messages.length === 2)
  expect(second.messages).toEqual([])
  await first.sink.stop()
  await put(log, 'pump-1', alert('pump-1', 'active', 0.7))
  await until('publication by the other', () => second.messages.length > 0)
  expect(second.messages).toEqual([{ topic: 'alerts/pump-1/risk', payload: alert('pump-1', 'active', 0.7) }])
})

test('an alert that ended while the sink was away is taken back', async () => {
  const log = makeLog()
  const first = startKept(log)
  await put(log, 'pump-1', alert('pump-1', 'active'))
  await until('publication', () => first.messages.length === 1)
  await first.sink.stop()
  await put(log, 'pump-1', alert('pump-1', 'closed'))
  const second = startKept(log)
  await until('publication', () => second.messages.length > 0)
  expect(second.messages).toEqual([{ topic: 'alerts/pump-1/risk', payload: '' }])
})

test('what could not be published is tried again', async () => {
  const log = makeLog()
  let failures = 3
  const { messages, errors } = startKept(log, () => failures-- > 0)
  await put(log, 'pump-1', alert('pump-1', 'active'))
  await until('publication', () => messages.length > 0)
  expect(messages).toEqual([{ topic: 'alerts/pump-1/risk', payload: alert('pump-1', 'active') }])
  expect(errors.length).toBeGreaterThan(0)
})

test('the embedded broker retains what the sink publishes', async () => {
  const ingest = await startIngest()
  closing.push(() => ingest.close())
  const log = makeLog()
  await put(log, 'pump-1', alert('pump-1', 'active'))
  const sink = startMqttSink({
    log,
    topics,
    group: 'g',
    topic: 'alerts/{asset}/{rule}',
    publish: ingest.broker.publish,
  })
  closing.push(() => sink.stop())
  const client = await ingest.connect()
  const received = new Promise((resolve) =>
    client.once('message', (_topic, payload) => resolve(payload.toString())),
  )
  await client.subscribeAsync('alerts/+/+')
  expect(await received).toBe(alert('pump-1', 'active'))
})

const mosquittoProgram = requires('mosquitto')

describe.skipIf(mosquittoProgram.missing)('with Mosquitto', () => {
  test('it retains what the sink publishes, also while it was away', async () => {
    const mosquitto = await startMosquitto(mosquittoProgram.path)
    closing.push(() => mosquitto.stop())
    const publisher = connectPublisher({
      url: mosquitto.url,
      clientId: 'sink',
      username: null,
      password: null,
    })
    closing.push(() => publisher.close())
    const log = makeLog()
    const sink = startMqttSink({
      log,
      topics,
      group: 'g',
      topic: 'alerts/{asset}/{rule}',
      publish: publisher.publish,
    })
    closing.push(() => sink.stop())
    await put(log, 'pump-1', alert('pump-1', 'active'))
    await mosquitto.restart()
    await put(log, 'pump-2', alert('pump-2', 'active'))
    const client = await mqtt.connectAsync(mosquitto.url)
    closing.push(() => client.endAsync(true))
    const payloads: string[] = []
    client.on('message', (_topic, payload) => payloads.push(payload.toString()))
    await client.subscribeAsync('alerts/#')
    await until('both alerts', () => payloads.length === 2)
    expect(payloads.sort()).toEqual([alert('pump-1', 'active'), alert('pump-2', 'active')])
  })
})
