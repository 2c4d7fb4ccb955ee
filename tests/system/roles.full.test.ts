/** Stages apart on a real Kafka: ingest, two engines and HTTP as processes of their own, by nothing but `--role`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { afterEach, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { openEventLog } from '../../src/eventlog/open.ts'
import { recordsOf } from '../support/committed.ts'
import { sharedKafka } from '../support/kafka.ts'
import { type Program, runProgram, startProgram, untilReady, unusedPort } from '../support/program.ts'
import { requires } from '../support/requires.ts'

const ASSETS = 8
const WINDOW_MS = 1000
const READINGS_PER_WINDOW = 4
/** Enough for a normal to be learned, and more. */
const QUIET_WINDOWS = 30
const LOUD_WINDOWS = 6
/** Windows begin at whole seconds. */
const START_TS = Math.floor((Date.now() - 3_600_000) / WINDOW_MS) * WINDOW_MS
const WAIT = { timeout: 30_000, interval: 100 }

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

async function makePlant(mqttPort: number) {
  const dir = mkdtempSync(join(tmpdir(), 'forewarn-roles-'))
  undo.push(() => rmSync(dir, { recursive: true, force: true }))
  const config = join(dir, 'forewarn.yaml')
  const name = `roles-${process.pid}-${Date.now()}`
  const kafka = { brokers: await sharedKafka(), sessionTimeout: '3s' }
  const window = { size: `${WINDOW_MS}ms`, lateness: '0s' }
  const alerts = [{ rule: 'risk', above: 0.8, onDelay: 2 }]
  const file = {
    mqtt: { port: mqttPort },
    log: { adapter: 'kafka', prefix: `${name}.`, group: name, kafka },
    pipelines: [{ name: 'pumps', assets: 'pump-*', window, learn: 20, alerts }],
  }
  writeFileSync(config, JSON.stringify(file))
  return {
    config,
    async start(role: string) {
      const port = await unusedPort()
      const program = startProgram(['up', '--role', role, '--config', config, '--http', String(port)])
      undo.push(() => program.child.kill('SIGKILL'))
      await untilReady(program, port)
      return { program, url: `http://127.0.0.1:${port}` }
    },
  }
}

function* readings(fromTs: number, windows: number, level: number) {
  for (let i = 0; i < windows * READINGS_PER_WINDOW; i++) {
    for (let asset = 0; asset < ASSETS; asset++) {
      const ts = fromTs + (i * WINDOW_MS) / READINGS_PER_WINDOW
      yield { asset: `pump-${asset}`, ts, values: { vibration: level + (i % 4) / 10 } }
    }
  }
}

async function publish(port: number, all: Iterable<{ asset: string }>): Promise<void> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`)
  await Promise.all(
    [...all].map((reading) =>
      client.publishAsync(`sensors/${reading.asset}`, JSON.stringify(reading), { qos: 1 }),
    ),
  )
  await client.endAsync()
}

async function json(url: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const answer = await fetch(url, body === undefined ? {} : post)
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

async function itemsAt(url: string): Promise<Record<string, unknown>[]> {
  return (await json(url)).body.items as Record<string, unknown>[]
}

async function ownedBy(engines: readonly { url: string }[]): Promise<unknown[]> {
  const answers = await Promise.all(engines.map(({ url }) => json(`${url}/health/ready`)))
  return answers.map(({ body }) => (body.details as { partitions: { owned: number } }).partitions.owned)
}

async function stopAll(programs: readonly Program[]): Promise<void> {
  for (const { child, ended, output } of programs) {
    child.kill('SIGTERM')
    expect(await ended, output()).toBe(0)
  }
}

describe.skipIf(requires('kafka').missing)('on Kafka', () => {
  test('ingest, two engines and HTTP work together, each a process', { timeout: 180_000 }, async () => {
    const mqttPort = await unusedPort()
    const plant = await makePlant(mqttPort)
    const ingest = await plant.start('ingest')
    const engines = [await plant.start('engine'), await plant.start('engine')]
    const http = await plant.start('http')
    await expect.poll(() => ownedBy(engines), WAIT).toEqual([2, 2])

    const retained: string[] = []
    const listener = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`)
    undo.push(() => listener.endAsync(true))
    listener.on('message', (topic) => retained.push(topic))
    await listener.subscribeAsync('alerts/#')

    await publish(mqttPort, readings(START_TS, QUIET_WINDOWS, 1))
    const loudTs = START_TS + QUIET_WINDOWS * WINDOW_MS
    await publish(mqttPort, readings(loudTs, LOUD_WINDOWS, 50))
    const active = `${http.url}/api/v1/alerts?state=active`
    await expect.poll(async () => (await itemsAt(active)).length, WAIT).toBe(ASSETS)
    await expect.poll(() => new Set(retained).size, WAIT).toBe(ASSETS)
    expect(await itemsAt(`${http.url}/api/v1/assets`)).toHaveLength(ASSETS)

    const [alert] = await itemsAt(active)
    const wish = { by: 'tester', comment: 'seen' }
    const told = await json(`${http.url}/api/v1/alerts/${alert!.alert}/acknowledge`, wish)
    expect(told.status).toBe(202)
    const acknowledged = `${http.url}/api/v1/alerts?state=acknowledged`
    await expect
      .poll(async () => (await itemsAt(acknowledged)).map((one) => one.alert), WAIT)
      .toEqual([alert!.alert])
    const [another] = [...readings(loudTs + LOUD_WINDOWS * WINDOW_MS, 1, 1)]
    expect((await json(`${http.url}/api/v1/readings`, another)).status).toBe(202)
    await stopAll([...engines, ingest, http].map(({ program }) => program))
  })

  test('an engine alone processes what is there, and ends', { timeout: 120_000 }, async () => {
    const mqttPort = await unusedPort()
    const plant = await makePlant(mqttPort)
    const ingest = await plant.start('ingest')
    await publish(mqttPort, readings(START_TS, QUIET_WINDOWS, 1))
    const catchUp = ['up', '--role', 'engine', '--until-caught-up', '--config', plant.config]
    const port = await unusedPort()
    for (const run of [1, 2]) {
      const { status, output } = await runProgram([...catchUp, '--http', String(port)])
      expect(status, `run ${run}: ${output}`).toBe(0)
    }
    const { settings } = loadConfig({ file: plant.config, env: {}, flags: {}, modelsDir: '' })
    const log = await openEventLog(settings.log, { readOnly: true })
    undo.push(() => log.close())
    const scores = (await recordsOf(log, settings.log.topics.scores)).flat()
    // The last window of each asset is open still.
    expect(scores).toHaveLength(ASSETS * (QUIET_WINDOWS - 1))
    await stopAll([ingest.program])
  })
})

test('where the log has one owner, a role alone says what would work', async () => {
  const { status, output } = await runProgram(['up', '--role', 'ingest'])
  expect(status).toBe(2)
  expect(output).toContain('--role ingest needs Kafka (log.adapter: kafka)')
})
