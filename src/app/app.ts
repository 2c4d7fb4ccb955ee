/**
 * The composition root: settings → log, engine, HTTP, sinks and ingest, wired and running. `up`, `demo` and the
 * system tests use it. Stages come up from the inside out and go down from the outside in, so that nothing is
 * taken that can't be kept.
 */
import type { Settings } from '../config/settings.ts'
import type { EventLog, NewRecord } from '../core/ports.ts'
import type { Command } from '../core/records.ts'
import { RECORD_TYPE } from '../core/topics.ts'
import { type Engine, startEngine } from '../engine/engine.ts'
import { type Appender, createAppender } from '../eventlog/appender.ts'
import { openEventLog } from '../eventlog/open.ts'
import type { ApiDeps } from '../http/deps.ts'
import { createHttpServer } from '../http/server.ts'
import type { Logger } from '../observe/logger.ts'
import { createMetrics } from '../observe/metrics.ts'
import { systemClock } from './clock.ts'
import { engineSource, queueSource } from './figures.ts'
import { type IngestStage, makeIntakeOf, startIngest } from './ingest.ts'
import { watchEngine } from './observer.ts'
import { type LoadedPipelines, loadPipelines } from './pipelines.ts'
import { readinessOf } from './readiness.ts'
import { replayerOf } from './replay.ts'
import type { Role } from './role.ts'
import { alertsBeside, startMqttAlerts } from './sinks.ts'
import { submitTo } from './submit.ts'

export interface AppOptions {
  readonly settings: Settings
  readonly role: Role
  /** Process to the end of the log as it is now, then be done. */
  readonly untilCaughtUp: boolean
  readonly version: string
  readonly logger: Logger
}

export interface App {
  readonly log: EventLog
  /** Where to publish; null when readings come from an outside broker, or not at all. */
  readonly mqttUrl: string | null
  readonly httpUrl: string
  /** Resolves when `untilCaughtUp` is reached; rejects when a stage can never go on. */
  readonly done: Promise<void>
  /** Drains, commits, closes. */
  stop(): Promise<void>
}

const encoder = new TextEncoder()

/** @throws Failure that says what keeps it from starting; what was started before is stopped again */
export async function startApp(options: AppOptions): Promise<App> {
  const undo: (() => Promise<void> | void)[] = []
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    return { ...(await startStages(options, (step) => undo.push(step))), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** @param onStop takes what must be undone, last first */
async function startStages(
  options: AppOptions,
  onStop: (step: () => Promise<void> | void) => void,
): Promise<Omit<App, 'stop'>> {
  const { settings, role, logger } = options
  const runs = (stage: Role) => role === 'all' || role === stage
  const pipelines = await loadPipelines(runs('engine') ? settings : { ...settings, pipelines: [] })
  onStop(pipelines.dispose)
  warnOfBackend(pipelines, logger)
  const log = await openEventLog(settings.log, {
    onError: (error) => logger.error({ err: error }, 'retention failed'),
  })
  onStop(() => log.close())
  const metrics = createMetrics({
    version: options.version,
    onError: (error) => logger.error({ err: error }, 'a figure could not be read'),
  })
  onStop(metrics.close)
  metrics.addSource({ models: () => pipelines.models, tensorsLive: pipelines.tensors })
  const appender = createAppender(log, appenderOptions(settings))
  onStop(() => appender.close())

  const watch = watchEngine(metrics, logger, systemClock.now)
  const engine = runs('engine') ? engineOf(options, log, appender, pipelines, watch.observer) : null
  if (engine) {
    onStop(engine.stop)
    metrics.addSource(engineSource(watch.partitions, systemClock.now))
    metrics.addSource({ consumerLag: engine.lag })
  }
  const intake = makeIntakeOf(settings, appender, systemClock.now)
  metrics.addSource(queueSource(intake, appender, settings))
  let ingest: IngestStage | null = null
  const server = await createHttpServer({
    settings,
    version: options.version,
    clock: systemClock,
    metrics,
    logger,
    readiness: () =>
      readinessOf({
        pipelines,
        blocked: () => appender.blocked() ?? log.trouble?.() ?? null,
        engine: () =>
          engine ? { owned: engine.owned().length, partitions: log.partitions, idle: engine.idle() } : null,
        brokerConnected: () => ingest?.outside?.state().connected ?? null,
      }),
    api: runs('http') ? apiOf(settings, log, appender, intake) : null,
  })
  onStop(server.close)
  const httpUrl = await server.listen()
  if (runs('ingest')) {
    ingest = await startIngest(settings, intake, logger)
    onStop(ingest.close)
  }
  if (runs(alertsBeside(settings)) && settings.sinks.mqtt.enabled && !options.untilCaughtUp) {
    onStop(startMqttAlerts(settings, log, ingest, logger))
  }
  const embedded = ingest?.embedded
  return {
    log,
    mqttUrl: embedded ? `mqtt://${embedded.host}:${embedded.port}` : null,
    httpUrl,
    done: options.untilCaughtUp && engine ? engine.done : failureOf(engine),
  }
}

/** Never resolves; rejects when the engine can't go on. */
function failureOf(engine: Engine | null): Promise<never> {
  return new Promise((_, reject) => {
    engine?.done.catch(reject)
  })
}

function engineOf(
  { settings, untilCaughtUp, logger }: AppOptions,
  log: EventLog,
  appender: Appender,
  { pipelines }: LoadedPipelines,
  observer: Parameters<typeof startEngine>[0]['observer'],
): Engine {
  return startEngine({
    log,
    group: settings.log.group,
    topics: settings.log.topics,
    pipelines,
    limits: settings.limits,
    ticksMs: settings.log.ticksMs,
    untilCaughtUp,
    clock: systemClock,
    observer,
    append: appender.add,
    onError: (error, partition) =>
      logger.error({ err: error, partition }, `partition ${partition}: ${error.message}`),
  })
}

function apiOf(
  settings: Settings,
  log: EventLog,
  appender: Appender,
  { intake, gate }: Pick<IngestStage, 'intake' | 'gate'>,
): ApiDeps {
  const { topics } = settings.log
  return {
    log,
    topics,
    submitCommand: (command) => appender.append([commandRecord(topics.readings, command)]),
    submitReadings: (payload) => submitTo(intake, gate, payload),
    replayDeadLetters: replayerOf(settings, log),
  }
}

function commandRecord(topic: string, command: Command): NewRecord {
  const value = encoder.encode(JSON.stringify(command))
  return { topic, key: command.asset, value, headers: { type: RECORD_TYPE.command } }
}

/** The appender holds no more than the gate lets in. */
function appenderOptions({ log, limits }: Settings): Parameters<typeof createAppender>[1] {
  return {
    batchRecords: log.batchRecords,
    waitMs: log.batchWaitMs,
    pendingRecords: limits.inFlightReadings,
    pendingBytes: limits.inFlightBytes,
  }
}

function warnOfBackend({ backend }: LoadedPipelines, logger: Logger): void {
  if (backend?.reason) {
    logger.warn(
      `RUNNING ON WEBASSEMBLY, not on the native TensorFlow backend: ${backend.reason}; see forewarn doctor`,
    )
  }
}
