/**
 * The log on Kafka under chaos: real brokers, several engines in one group, ingests in a shared subscription of
 * Mosquitto (or one with its embedded broker), each a process of its own.
 */
import type { Settings } from '../config/settings.ts'
import type { EventLog } from '../core/ports.ts'
import { openEventLog } from '../eventlog/open.ts'
import { chaosConfig } from './chaos-config.ts'
import { prepareFolder, writeConfig } from './config-file.ts'
import { startKafkaCluster } from './kafka-cluster.ts'
import { kafkaDisturbances } from './kafka-disturbance.ts'
import { CLIENT_ID, type KafkaParts, SESSION_MS } from './kafka-parts.ts'
import { findMosquitto, startMosquitto } from './mosquitto.ts'
import type { Plant, PlantContext } from './plant.ts'
import { freePorts, HOST } from './port.ts'
import { createProgram, type Program, stopInOrder, wait } from './program.ts'
import { startProxy } from './proxy.ts'
import { createRebalancer } from './rebalancer.ts'

export interface KafkaPlantOptions {
  readonly engines: number
  /** One, whose answers can be lost, or three, of which one is killed for good. */
  readonly brokers: 1 | 3
  /** Ms between an engine added and removed; `null` = never. */
  readonly rebalanceEveryMs: number | null
}

/** Ingests that divide a shared subscription. */
const INGESTS = 2
const PARTITIONS = 4
/** Nothing more comes to the log after this long without anything. */
const QUIET_MS = 3000
const QUIET_WITHIN_MS = 120_000

export async function createKafkaPlant(context: PlantContext, options: KafkaPlantOptions): Promise<Plant> {
  const undo: (() => Promise<void>)[] = []
  const end = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    return { ...(await buildPlant(context, options, (step) => undo.push(step))), end }
  } catch (error) {
    await end()
    throw error
  }
}

/** @param onEnd takes what must be undone, last first */
async function buildPlant(
  context: PlantContext,
  options: KafkaPlantOptions,
  onEnd: (step: () => Promise<void>) => void,
): Promise<Omit<Plant, 'end'>> {
  const { dir } = context
  const [brokerPort, proxyPort, mqttPort] = await freePorts(3)
  const isSingle = options.brokers === 1
  const bootstrap = `${HOST}:${proxyPort}`
  prepareFolder(dir)
  const proxy = isSingle ? await startProxy(brokerPort!, proxyPort) : null
  if (proxy) onEnd(proxy.close)
  const cluster = await startKafkaCluster({
    ...context,
    nodes: options.brokers,
    port: isSingle ? brokerPort! : 0,
    set: isSingle ? { 'advertised.listeners': `PLAINTEXT://${bootstrap}` } : {},
  })
  onEnd(cluster.end)
  const found = findMosquitto()
  const mosquitto = found === null ? null : await startMosquitto(found, dir, mqttPort!)
  if (mosquitto) onEnd(mosquitto.stop)
  const entrance = await startProxy(mqttPort!)
  onEnd(entrance.close)
  const settings = writeConfig(
    context,
    chaosConfig({
      log: logSection(isSingle ? [bootstrap] : cluster.brokers, options),
      mqtt: mosquitto ? { url: mosquitto.url, share: 'chaos' } : { port: mqttPort },
    }),
  )
  const { engines, ingests, http, extra, last, httpUrl } = await createPrograms(
    context,
    options.engines,
    mosquitto !== null,
  )
  onEnd(
    async () =>
      void (await Promise.all([...engines, ...ingests, http, extra, last].map(({ kill }) => kill()))),
  )
  const parts: KafkaParts = { cluster, proxy, entrance, mosquitto, engines, ingests, http, extra }
  const rebalancer = createRebalancer(context, extra, options.rebalanceEveryMs)
  onEnd(rebalancer.stop)
  return {
    mqttUrl: `mqtt://${HOST}:${entrance.port}`,
    httpUrl,
    settings,
    disturbances: kafkaDisturbances(context, parts, rebalancer.without),
    async start() {
      // The first makes the topics.
      for (const program of [...ingests, ...engines, http]) {
        program.start()
        await program.untilReady()
      }
      rebalancer.start()
    },
    async drain() {
      await rebalancer.stop()
      await drain(context, parts, last, settings)
    },
  }
}

async function createPrograms({ dir, root, signal }: PlantContext, engines: number, isShared: boolean) {
  const ingests = isShared ? INGESTS : 1
  const ports = await freePorts(engines + ingests + 3)
  const httpUrl = `http://${HOST}:${ports.at(-1)}`
  const roleOf = (name: string, role: string, env: Readonly<Record<string, string>> = {}) =>
    createProgram({
      root,
      dir,
      name,
      args: ['up', '--role', ...role.split(' ')],
      env,
      httpPort: ports.pop()!,
      signal,
    })
  return {
    httpUrl,
    // The first, as its port is the last.
    http: roleOf('http-1', 'http'),
    engines: Array.from({ length: engines }, (_, i) => roleOf(`engine-${i + 1}`, 'engine')),
    ingests: Array.from({ length: ingests }, (_, i) =>
      roleOf(`ingest-${i + 1}`, 'ingest', { FOREWARN_MQTT_CLIENT_ID: `chaos-ingest-${i + 1}` }),
    ),
    extra: roleOf('engine-extra', 'engine'),
    last: roleOf('catch-up', 'engine --until-caught-up'),
  }
}

function logSection(brokers: readonly string[], { engines }: KafkaPlantOptions): Record<string, unknown> {
  return {
    adapter: 'kafka',
    // One more than engines, so that an engine that is added has work, too.
    partitions: Math.max(PARTITIONS, engines + 1),
    kafka: {
      brokers,
      clientId: CLIENT_ID,
      sessionTimeout: `${SESSION_MS}ms`,
      transactionTimeout: '10s',
      requestTimeout: '10s',
    },
  }
}

/** Engines end first, and with them the ticks: then what ingest still brings is the last that comes. */
async function drain(
  { problem }: PlantContext,
  { engines, ingests, http }: KafkaParts,
  last: Program,
  { log: logSettings }: Settings,
): Promise<void> {
  await Promise.all(ingests.map((ingest) => ingest.untilReady()))
  for (const program of [http, ...engines]) await stopInOrder(program, problem)
  const log = await openEventLog(logSettings, { readOnly: true })
  try {
    await untilQuiet(log, logSettings.topics.readings)
  } finally {
    await log.close()
  }
  for (const ingest of ingests) await stopInOrder(ingest, problem)
  last.start()
  const ending = await last.ended()
  if (ending !== 0) problem(`up --until-caught-up ended with ${ending}:\n${last.output()}`)
}

async function untilQuiet(log: EventLog, topic: string): Promise<void> {
  const deadline = performance.now() + QUIET_WITHIN_MS
  let before = ''
  let sinceMs = performance.now()
  while (performance.now() < deadline && performance.now() - sinceMs < QUIET_MS) {
    const ends = JSON.stringify(await log.bounds(topic))
    if (ends !== before) sinceMs = performance.now()
    before = ends
    await wait(QUIET_MS / 10)
  }
}
