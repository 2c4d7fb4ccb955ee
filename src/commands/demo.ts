/**
 * `demo`, which `npm start` runs: everything in one process, a simulated fleet with ten minutes behind it, and a
 * pump whose bearing begins to fail at once.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFleet } from '../../simulators/fleet.ts'
import { PUBLISH_DEFAULTS, publishReadings } from '../../simulators/publish.ts'
import { type App, startApp } from '../app/app.ts'
import { loadConfig } from '../config/load.ts'
import { messageOf } from '../core/errors.ts'
import { createLogger } from '../observe/logger.ts'
import { printAlerts } from './demo-alerts.ts'
import { DEMO_CONFIG, DEMO_FLEET, FAILING, HISTORY_MS, INTERVAL_MS } from './demo-plant.ts'
import { freePort } from './free-port.ts'
import { untilStopped } from './signals.ts'
import { SHIPPED_MODELS, VERSION } from './version.ts'

export interface DemoOptions {
  readonly seed: number
  readonly mqttPort: number
  readonly httpPort: number
}

const HOST = '127.0.0.1'

export async function demo(options: DemoOptions): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'forewarn-demo-'))
  const mqttPort = await portOf('MQTT', options.mqttPort)
  const httpPort = await portOf('HTTP', options.httpPort)
  const { settings } = loadConfig({
    file: undefined,
    env: process.env,
    flags: { 'log.dir': dir, 'mqtt.port': mqttPort, 'http.port': httpPort },
    modelsDir: SHIPPED_MODELS,
    base: DEMO_CONFIG,
  })
  const logger = createLogger({ level: 'warn' })
  const app = await startApp({ settings, role: 'all', untilCaughtUp: false, version: VERSION, logger })
  greet(app, mqttPort)
  const alerts = printAlerts(app.log, settings.log.topics.alerts)
  const ending = new AbortController()
  const publishing = publishFleet(options.seed, mqttPort, ending.signal)
  publishing.catch((error) => console.error(`forewarn: the simulated fleet stopped: ${messageOf(error)}`))
  await untilStopped(
    {
      done: app.done,
      async stop() {
        ending.abort()
        await Promise.allSettled([publishing])
        await alerts.stop()
        await app.stop()
        await rm(dir, { recursive: true, force: true })
      },
    },
    logger,
  )
}

/** History at once, then live: readings are due at their event time. */
async function publishFleet(seed: number, mqttPort: number, signal: AbortSignal): Promise<void> {
  const now = Date.now()
  const fleet = createFleet(DEMO_FLEET, {
    seed,
    startMs: now - HISTORY_MS,
    intervalMs: INTERVAL_MS,
    durationMs: Number.POSITIVE_INFINITY,
    faults: [{ ...FAILING, fromMs: now }],
  })
  const to = { url: `mqtt://${HOST}:${mqttPort}`, ...PUBLISH_DEFAULTS, speed: 1, startAtMs: now, signal }
  await publishReadings(fleet.readings(), to)
}

async function portOf(what: string, wanted: number): Promise<number> {
  const port = await freePort(HOST, wanted)
  if (port !== wanted) console.log(`Port ${wanted} is taken; ${what} is at ${port}.`)
  return port
}

function greet({ httpUrl }: App, mqttPort: number): void {
  const page = httpUrl.replace(/\/$/, '')
  console.log(
    [
      '',
      'Forewarn is up.',
      `  dashboard  ${page}/`,
      `  alerts     mosquitto_sub -h ${HOST} -p ${mqttPort} -t 'alerts/#' -v`,
      `  metrics    ${page}/metrics`,
      `  ${FAILING.asset} begins to fail now (${FAILING.kind}); its alert comes within a minute. Ctrl-C stops.`,
      '',
    ].join('\n'),
  )
}
