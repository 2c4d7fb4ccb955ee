/** `up`: the program as a service, until SIGINT or SIGTERM. */
import { type App, startApp } from '../app/app.ts'
import { checkReach } from '../app/reach.ts'
import { checkRole, type Role } from '../app/role.ts'
import { failure } from '../core/errors.ts'
import { createLogger } from '../observe/logger.ts'
import { configOf, kafkaFlags } from './config.ts'
import { untilStopped } from './signals.ts'
import { VERSION } from './version.ts'

export interface UpOptions {
  readonly config?: string
  readonly role: Role
  readonly kafka?: string
  readonly mqtt?: string
  readonly http?: string
  readonly data?: string
  readonly untilCaughtUp?: boolean
}

export async function up(options: UpOptions): Promise<void> {
  const { settings } = configOf(options, flagsOf(options))
  checkRole(settings.log, options.role, options.untilCaughtUp === true)
  checkReach(settings)
  const logger = createLogger()
  const app = await startApp({
    settings,
    role: options.role,
    untilCaughtUp: options.untilCaughtUp === true,
    version: VERSION,
    logger,
  })
  logger.info(greeting(app))
  await untilStopped(app, logger)
}

/** Flags as settings; `--http` takes a port, or a host and a port. */
function flagsOf({ kafka, mqtt, http, data }: UpOptions): Record<string, unknown> {
  const address = http === undefined ? null : /^(?:(.+):)?([0-9]{1,5})$/.exec(http)
  if (http !== undefined && !address)
    throw failure('usage', `--http ${http} is wrong; expected PORT or HOST:PORT`)
  return {
    ...kafkaFlags(kafka),
    'mqtt.url': mqtt,
    'log.dir': data,
    'http.host': address?.[1],
    'http.port': address === null ? undefined : Number(address[2]),
  }
}

function greeting({ mqttUrl, httpUrl }: App): string {
  const readings = mqttUrl === null ? '' : `; readings by MQTT at ${mqttUrl}`
  return `up: dashboard, API and metrics at ${httpUrl}${readings}`
}
