/** Several ingests in a shared subscription of Mosquitto. */
import mqtt from 'mqtt'
import { afterEach, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { connectBroker } from '../../src/ingest/mqtt.ts'
import { type HandLog, makeHandLog, makeParts, payloadOf, until } from '../support/ingest.ts'
import { type Mosquitto, startMosquitto } from '../support/mosquitto.ts'
import { requires } from '../support/requires.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function ingestOf(url: string, clientId: string) {
  const log = makeHandLog()
  const parts = makeParts(log, { limits: { inFlightReadings: 1000 } })
  const broker = connectBroker({
    mqtt: { url, clientId, topic: 'sensors/{asset}', share: 'plant', username: null, password: null },
    limits: { inFlightReadings: 1000 },
    ...parts,
  })
  closing.push(() => broker.close())
  return { log, broker }
}

const numbersOf = (...logs: HandLog[]) =>
  logs
    .flatMap(({ records }) => records)
    .map(({ value }) => (JSON.parse(Buffer.from(value ?? []).toString()) as { ts: number }).ts)
    .sort((a, b) => a - b)

const program = requires('mosquitto')

describe.skipIf(program.missing)('with Mosquitto', () => {
  async function start(): Promise<Mosquitto> {
    const mosquitto = await startMosquitto(program.path)
    closing.push(() => mosquitto.stop())
    return mosquitto
  }

  async function publish(url: string, from: number, to: number): Promise<number[]> {
    const client = await mqtt.connectAsync(url)
    closing.push(() => client.endAsync(true))
    const numbers = Array.from({ length: to - from }, (_, i) => from + i)
    await Promise.all(
      numbers.map((n) =>
        client.publishAsync(`sensors/pump-${n % 5}`, payloadOf(`pump-${n % 5}`, n), { qos: 1 }),
      ),
    )
    return numbers
  }

  test('they divide the messages: each goes to one, none to nobody', async () => {
    const { url } = await start()
    const [one, other] = [ingestOf(url, 'ingest-1'), ingestOf(url, 'ingest-2')]
    await until('connections', () => one.broker.state().connected && other.broker.state().connected)
    const sent = await publish(url, 0, 2000)
    await until('all', () => one.log.records.length + other.log.records.length >= sent.length)
    expect(numbersOf(one.log, other.log)).toEqual(sent)
    expect(one.log.records.length).toBeGreaterThan(100)
    expect(other.log.records.length).toBeGreaterThan(100)
  })

  test('what one had taken and not made durable comes again when it is back', async () => {
    const { url } = await start()
    const [one, other] = [ingestOf(url, 'ingest-1'), ingestOf(url, 'ingest-2')]
    await until('connections', () => one.broker.state().connected && other.broker.state().connected)
    one.log.hold()
    const sent = await publish(url, 0, 500)
    // As a process that is killed: what it holds is gone, its session is not.
    one.log.fail(new Error('killed'))
    await one.broker.close()
    const back = ingestOf(url, 'ingest-1')
    await until('all', () => new Set(numbersOf(other.log, back.log)).size === sent.length)
    expect([...new Set(numbersOf(other.log, back.log))]).toEqual(sent)
  })
})

test('a share needs an outside broker, and is a plain name', () => {
  const load = (mqttSection: object) => () =>
    loadConfig({ file: undefined, env: {}, flags: {}, modelsDir: '', base: { mqtt: mqttSection } }).settings
      .mqtt
  expect(load({ url: 'mqtt://127.0.0.1:1883', share: 'plant' })().share).toBe('plant')
  expect(load({})().share).toBeNull()
  expect(load({ share: 'plant' })).toThrow('mqtt.share: plant is wrong with the embedded broker')
  expect(load({ url: 'mqtt://127.0.0.1:1883', share: 'a/b' })).toThrow('mqtt.share')
})
