/**
 * Mosquitto with the very files of deploy/mosquitto, started by their start.sh: who may do what. Only the paths and
 * the port differ from the container's.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { connectBroker } from '../../src/ingest/mqtt.ts'
import { connectPublisher } from '../../src/sinks/mqtt-publisher.ts'
import { makeHandLog, makeParts, payloadOf, until } from '../support/ingest.ts'
import { freePort } from '../support/mosquitto.ts'
import { requires } from '../support/requires.ts'
import { ROOT } from './compose-file.ts'

const USERS = { forewarn: 'pass-f', sensors: 'pass-s', readers: 'pass-r' }
type User = keyof typeof USERS

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

describe.skipIf(requires('mosquitto').missing)('Mosquitto with the files of deploy/', () => {
  let folder: string
  let url: string
  let broker: ChildProcess
  let output = ''

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'forewarn-mosquitto-'))
    const port = await freePort()
    url = `mqtt://127.0.0.1:${port}`
    makeFiles(folder, port)
    broker = spawn('sh', [join(ROOT, 'deploy/mosquitto/start.sh'), ...places(folder)], {
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    })
    for (const stream of [broker.stdout, broker.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    while (!(await isOpen(port))) {
      if (broker.exitCode !== null) throw new Error(`mosquitto ended: ${output}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })
  afterAll(async () => {
    broker.kill('SIGTERM')
    await once(broker, 'exit')
    rmSync(folder, { recursive: true })
  })

  async function connect(user: User, more: IClientOptions = {}): Promise<MqttClient> {
    const options = { username: user, password: USERS[user], protocolVersion: 5 as const, ...more }
    const client = await mqtt.connectAsync(url, options, false)
    closing.push(() => client.endAsync(true))
    return client
  }

  /** Subscribes to everything, and tells what comes. */
  async function listen(user: User): Promise<string[]> {
    const heard: string[] = []
    const client = await connect(user)
    client.on('message', (topic, payload) => heard.push(`${topic} ${payload}`))
    await client.subscribeAsync('#', { qos: 1 })
    return heard
  }

  const publish = (client: MqttClient, topic: string) =>
    client.publishAsync(topic, 'hello', { qos: 1 }).then(
      () => 'taken',
      (error: Error) => error.message,
    )

  test('the passwords and the rules that it reads are its own alone, and hashed', () => {
    for (const name of ['passwords', 'acl']) {
      expect(statSync(join(folder, 'run', name)).mode & 0o777).toBe(0o600)
    }
    expect(readFileSync(join(folder, 'run/passwords'), 'utf8')).not.toMatch(/pass-/)
    expect(output).not.toMatch(/readable|Future versions/)
  })

  test.each<[string, IClientOptions]>([
    ['nobody', {}],
    ['an unknown user', { username: 'nobody', password: 'x' }],
    ['a wrong password', { username: 'sensors', password: 'pass-r' }],
    ['no password', { username: 'sensors' }],
  ])('%s is refused', async (_, options) => {
    await expect(mqtt.connectAsync(url, { ...options, reconnectPeriod: 0 }, false)).rejects.toThrow(
      'Not authorized',
    )
  })

  test('a sensor publishes readings and nothing else, and hears nothing', async () => {
    const heardByForewarn = await listen('forewarn')
    const heardBySensors = await listen('sensors')
    const sensor = await connect('sensors')
    expect(await publish(sensor, 'alerts/pump-1/risk')).toContain('Not authorized')
    expect(await publish(sensor, 'other')).toContain('Not authorized')
    expect(await publish(sensor, 'sensors/pump-1')).toBe('taken')
    await until('the reading', () => heardByForewarn.length > 0)
    expect(heardByForewarn).toEqual(['sensors/pump-1 hello'])
    const forewarn = await connect('forewarn')
    expect(await publish(forewarn, 'alerts/pump-1/risk')).toBe('taken')
    expect(await publish(sensor, 'sensors/pump-2')).toBe('taken')
    await until('the next reading', () => heardByForewarn.length > 1)
    expect(heardBySensors).toEqual([])
  })

  test('a reader hears alerts and nothing else, and publishes nothing', async () => {
    const heard = await listen('readers')
    const reader = await connect('readers')
    for (const topic of ['sensors/pump-1', 'alerts/pump-1/risk', 'other']) {
      expect(await publish(reader, topic)).toContain('Not authorized')
    }
    expect(await publish(await connect('sensors'), 'sensors/pump-1')).toBe('taken')
    expect(await publish(await connect('forewarn'), 'alerts/pump-1/risk')).toBe('taken')
    await until('the alert', () => heard.length > 0)
    expect(new Set(heard)).toEqual(new Set(['alerts/pump-1/risk hello']))
  })

  test('Forewarn may not publish readings, nor hear what is neither reading nor alert', async () => {
    const forewarn = await connect('forewarn')
    expect(await publish(forewarn, 'sensors/pump-1')).toContain('Not authorized')
    expect(await publish(forewarn, 'other')).toContain('Not authorized')
  })

  test('several ingests share a subscription: each reading comes to one of them', async () => {
    const heard: string[] = []
    for (const clientId of ['ingest-1', 'ingest-2']) {
      const client = await connect('forewarn', { clientId })
      client.on('message', (topic) => heard.push(topic))
      await client.subscribeAsync('$share/forewarn/sensors/+', { qos: 1 })
    }
    const sensor = await connect('sensors')
    for (let i = 0; i < 20; i++) expect(await publish(sensor, `sensors/pump-${i}`)).toBe('taken')
    await until('all readings', () => heard.length >= 20)
    expect(new Set(heard).size).toBe(20)
    expect(heard.length).toBe(20)
  })

  test('the program itself, with its account, takes readings and retains alerts', async () => {
    const log = makeHandLog()
    const account = { username: 'forewarn', password: USERS.forewarn }
    const ingest = connectBroker({
      mqtt: { url, topic: 'sensors/{asset}', clientId: 'forewarn-ingest', ...account },
      limits: { inFlightReadings: 1000 },
      ...makeParts(log, {}),
    })
    closing.push(() => ingest.close())
    await until('a connection', () => ingest.state().connected)
    const sensor = await connect('sensors')
    await sensor.publishAsync('sensors/pump-1', payloadOf('pump-1', 1), { qos: 1 })
    await until('the reading', () => log.records.length === 1)

    const publisher = connectPublisher({ url, clientId: 'forewarn-ingest', ...account })
    closing.push(() => publisher.close())
    await publisher.publish('alerts/pump-9/risk', Buffer.from('{}'), { qos: 1, retain: true })
    const heard = await listen('readers')
    await until('the retained alert', () => heard.includes('alerts/pump-9/risk {}'))
  })
})

describe.skipIf(requires('mosquitto').missing)('start.sh', () => {
  test('says what makes the passwords when there are none', async () => {
    const child = spawn('sh', [join(ROOT, 'deploy/mosquitto/start.sh'), '/no/such/file'])
    let told = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      told += text
    })
    const [status] = await once(child, 'close')
    expect(status).toBe(1)
    expect(told).toBe(
      'mosquitto: there is no /no/such/file that can be read; sh deploy/make-secrets.sh makes it\n',
    )
  })
})

/** The three places that start.sh takes: accounts, its own files, the config. */
const places = (folder: string) => [join(folder, 'users'), join(folder, 'run'), join(folder, 'config')]

function makeFiles(folder: string, port: number): void {
  for (const name of ['run', 'config', 'data']) mkdirSync(join(folder, name))
  const users = Object.entries(USERS).map(([name, password]) => `${name}:${password}\n`)
  writeFileSync(join(folder, 'users'), users.join(''))
  chmodSync(join(folder, 'users'), 0o444)
  const config = readFileSync(join(ROOT, 'deploy/mosquitto/mosquitto.conf'), 'utf8')
  const moved = config
    .replace('listener 1883', `listener ${port} 127.0.0.1`)
    .replaceAll('/run/mosquitto', join(folder, 'run'))
    .replace('/mosquitto/data/', `${folder}/data/`)
  // Started by root it would give its rights up, and then not reach the folder; in the container it has none.
  writeFileSync(join(folder, 'config/mosquitto.conf'), `${moved}\nuser root\n`)
  writeFileSync(join(folder, 'config/acl'), readFileSync(join(ROOT, 'deploy/mosquitto/acl')))
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
