/**
 * The HTTP side of the program: fastify with its limits, what every request passes, and the resources. Every
 * role serves health and metrics; with `api` also the API, the live events and the dashboard.
 */
import { randomUUID } from 'node:crypto'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import { type FastifyInstance, fastify, LogController } from 'fastify'
import { failure } from '../core/errors.ts'
import { serveAlerts } from './alerts.ts'
import { serveAssets } from './assets.ts'
import { type Board, openBoard } from './board.ts'
import { takeJsonOnly } from './body.ts'
import { serveDashboard } from './dashboard.ts'
import { serveDeadLetters } from './dead-letters.ts'
import type { ApiDeps, HttpDeps, Readiness } from './deps.ts'
import { serveEvents } from './events.ts'
import { guardRequests } from './guard.ts'
import { serveHealth } from './health.ts'
import { serveLate } from './late.ts'
import {
  CONNECTION_CHECK_MS,
  CONNECTION_TIMEOUT_MS,
  CONNECTIONS,
  HANDLER_TIMEOUT_MS,
  KEEP_ALIVE_TIMEOUT_MS,
  PATH_PART_LENGTH,
  RATE_ADDRESSES,
  REQUEST_TIMEOUT_MS,
} from './limits.ts'
import { makeLiveHub } from './live.ts'
import { serveMetrics } from './metrics.ts'
import { makeNewcomers } from './newcomers.ts'
import { documentRoutes, serveDocument } from './openapi.ts'
import { answerClientError, answerProblems, httpError, sendProblem } from './problem.ts'
import { serveReadings } from './readings.ts'
import { serveRetire } from './retire.ts'
import { checkRequests } from './validate.ts'

export interface HttpServer {
  /** For tests: `app.inject` and the table of routes. */
  readonly app: FastifyInstance
  /** @returns the address to open in a browser */
  listen(): Promise<string>
  /** Ends subscriptions, answers what is being answered, closes. */
  close(): Promise<void>
}

const SECURITY_HEADERS = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      manifestSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  // TLS is ended by a proxy, if at all: it is that proxy's to promise.
  strictTransportSecurity: false,
  xFrameOptions: { action: 'deny' },
} as const

export async function createHttpServer(deps: HttpDeps): Promise<HttpServer> {
  const app = makeApp(deps)
  await protect(app, deps)
  await documentRoutes(app, deps.version)
  let board: Board | null = null
  serveHealth(app, deps.version, () => withBoard(deps.readiness(), board))
  serveMetrics(app, deps.metrics)
  if (deps.api !== null) board = await serveApi(app, deps, deps.api)
  serveDocument(app)
  await app.ready()
  return {
    app,
    async listen() {
      const { host, port } = deps.settings.http
      return listenAt(app, host, port)
    },
    close: () => app.close(),
  }
}

function makeApp(deps: HttpDeps): FastifyInstance {
  const app = fastify({
    loggerInstance: deps.logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: deps.settings.limits.payloadBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    handlerTimeout: HANDLER_TIMEOUT_MS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    forceCloseConnections: true,
    http: { connectionsCheckingInterval: CONNECTION_CHECK_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    trustProxy: false,
    routerOptions: { maxParamLength: PATH_PART_LENGTH },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => sendProblem(request, reply, 400, error.message),
  })
  app.server.maxConnections = CONNECTIONS
  return app
}

/** What every request passes, in this order: rate, token, headers, body, schema. */
async function protect(app: FastifyInstance, { settings, metrics }: HttpDeps): Promise<void> {
  const refused = metrics.countRefusal
  answerProblems(app, refused)
  checkRequests(app)
  takeJsonOnly(app)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  await app.register(helmet, SECURITY_HEADERS)
  await app.register(rateLimit, {
    global: false,
    max: settings.http.requestsPerMinute,
    timeWindow: '1 minute',
    cache: RATE_ADDRESSES,
    allowList: (request) => request.routeOptions.config.unlimited === true,
    onExceeded: () => refused('request-rate'),
    errorResponseBuilder: (_request, { max, after }) =>
      httpError(429, `more than ${max} requests in a minute: wait ${after}, or raise http.requestsPerMinute`),
  })
  app.addHook('onRequest', app.rateLimit())
  guardRequests(app, settings.http, refused)
}

async function serveApi(app: FastifyInstance, deps: HttpDeps, api: ApiDeps): Promise<Board> {
  const { settings, clock, logger, metrics } = deps
  const board = await openBoard({
    log: api.log,
    topics: api.topics,
    settings,
    logger,
    refused: metrics.countRefusal,
  })
  const hub = makeLiveHub(board.opened)
  board.follow(hub.push)
  const newcomers = makeNewcomers(api.log, api.topics.readings, clock)
  serveAssets(app, board, api, newcomers, settings.pipelines)
  serveAlerts(app, board.alerts, api, clock)
  serveRetire(app, board.fleet, api, clock)
  serveLate(app, board.fleet, api)
  await serveReadings(app, api)
  serveDeadLetters(app, api)
  serveEvents(app, deps, api, hub)
  await serveDashboard(app)
  app.addHook('onClose', async () => {
    hub.close()
    await board.close()
  })
  return board
}

function withBoard(readiness: Readiness, board: Board | null): Readiness {
  const behind = board?.behind() ?? null
  if (behind === null) return readiness
  return { ...readiness, ready: false, reasons: [...readiness.reasons, behind] }
}

async function listenAt(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
    if (!taken) throw error
    throw failure('config', `http.port ${port} on ${host} is taken: end what uses it, or set another`, error)
  }
}
