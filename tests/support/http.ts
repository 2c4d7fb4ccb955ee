/**
 * A real HTTP side on a log in memory, for its tests: what the engine and ingest would do is done by hand.
 * `ask` checks each answer against the OpenAPI document that the server itself serves.
 */
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { pino } from 'pino'
import { Compile } from 'typebox/schema'
import { expect } from 'vitest'
import { replayerOf } from '../../src/app/replay.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/settings.ts'
import type { EventLog, NewRecord } from '../../src/core/ports.ts'
import type { Alert, AlertEvent, Command, Score, Transition } from '../../src/core/records.ts'
import { topicNames } from '../../src/core/topics.ts'
import { createMemoryLog } from '../../src/eventlog/memory.ts'
import type { ApiDeps, HttpDeps, Readiness, Submitted } from '../../src/http/deps.ts'
import { createHttpServer, type HttpServer } from '../../src/http/server.ts'
import { createMetrics, type Metrics } from '../../src/observe/metrics.ts'

export const TOPICS = topicNames('forewarn.')

type Deep<T> = { readonly [K in keyof T]?: T[K] }

export interface SettingsChange {
  readonly http?: Deep<Settings['http']>
  readonly limits?: Deep<Settings['limits']>
  readonly assets?: Settings['assets']
}

/** The defaults, with a pipeline of short windows and two groups of assets. */
export function testSettings(change: SettingsChange = {}): Settings {
  const base = {
    log: { adapter: 'memory', ticks: 'off' },
    assets: [
      { match: 'pump-*', class: 'pump', attributes: { site: 'north' } },
      { match: '*', attributes: { site: 'any', owner: 'ops' } },
    ],
    pipelines: [{ name: 'pump-health', window: { size: '5s', lateness: '1s', idle: '10s' } }],
    http: { port: 0, requestsPerMinute: 1_000_000 },
    limits: { assets: 10_000, boardScores: 64 },
  }
  const { settings } = loadConfig({ file: undefined, env: {}, flags: {}, modelsDir: 'models', base })
  return {
    ...settings,
    assets: change.assets ?? settings.assets,
    http: { ...settings.http, ...change.http },
    limits: { ...settings.limits, ...change.limits },
  }
}

export type Answer = LightMyRequestResponse

export interface TestHttp extends HttpServer {
  /** Asks, and checks the answer against the document. */
  ask(url: string, options?: Omit<InjectOptions, 'url'>): Promise<Answer>
  post(url: string, body: unknown, headers?: Record<string, string>): Promise<Answer>
  readonly log: EventLog
  readonly metrics: Metrics
  /** Commands that were asked for; appended to `readings` as well. */
  readonly commands: Command[]
  /** Payloads that were sent in. */
  readonly payloads: Uint8Array[]
  put(...records: NewRecord[]): Promise<void>
  /** Resolves when the board has taken all that is in the log. */
  settled(): Promise<void>
}

export interface TestHttpOptions extends SettingsChange {
  readonly log?: EventLog
  readonly logStream?: { write(text: string): void }
  readiness?(): Readiness
  submitCommand?(command: Command): Promise<void>
  submitReadings?(payload: Uint8Array): Promise<Submitted>
  readonly withoutApi?: boolean
}

export function memoryLog(partitions = 4): EventLog {
  return createMemoryLog({ partitions, topics: TOPICS })
}

export async function startHttp(options: TestHttpOptions = {}): Promise<TestHttp> {
  const log = options.log ?? memoryLog()
  const metrics = createMetrics({ version: '0.0.0-test', processMetrics: false })
  const commands: Command[] = []
  const payloads: Uint8Array[] = []
  const api: ApiDeps = {
    log,
    topics: TOPICS,
    async submitCommand(command) {
      await options.submitCommand?.(command)
      commands.push(command)
      await log.append([commandRecord(command)])
    },
    async submitReadings(payload) {
      payloads.push(payload)
      return (await options.submitReadings?.(payload)) ?? { readings: 1, rejected: [] }
    },
    replayDeadLetters: (step) => replayerOf(testSettings(options), log)(step),
  }
  const deps: HttpDeps = {
    settings: testSettings(options),
    version: '0.0.0-test',
    clock: { now: Date.now, monotonic: () => performance.now() },
    metrics,
    logger: options.logStream ? pino({}, options.logStream) : pino({ level: 'silent' }),
    readiness: options.readiness ?? (() => ({ ready: true, reasons: [], details: {} })),
    api: options.withoutApi ? null : api,
  }
  const server = await createHttpServer(deps)
  const put = async (...records: NewRecord[]) => {
    await log.append(records)
  }
  const ask: TestHttp['ask'] = async (url, asked = {}) => {
    const answer = await server.app.inject({ url, method: 'GET', ...asked })
    checkAnswer(server, url, asked.method ?? 'GET', answer)
    return answer
  }
  return {
    ...server,
    ask,
    post: (url, body, headers = {}) =>
      ask(url, {
        method: 'POST',
        payload: typeof body === 'string' ? body : JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),
    log,
    metrics,
    commands,
    payloads,
    put,
    settled: () => settle(server, log),
  }
}

interface Documented {
  readonly responses: Readonly<Record<string, { content?: Record<string, { schema: object }> }>>
}

/** The answer has a status and a content type that the document names, and the shape that it shows. */
function checkAnswer(server: HttpServer, url: string, method: string, answer: Answer): void {
  const document = server.app.swagger()
  const { paths, components }: { paths?: object; components?: object } = { ...document }
  const path = (url.split('?')[0] ?? '').replace(/^https?:\/\/[^/]+/, '')
  const matching = Object.entries(paths ?? {}).find(([template]) =>
    new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(path),
  )
  const operation = (matching?.[1] as Record<string, Documented> | undefined)?.[method.toLowerCase()]
  if (operation === undefined) return
  const response = operation.responses[answer.statusCode]
  expect(response, `${method} ${path} answered ${answer.statusCode}: ${answer.body}`).toBeDefined()
  const type = String(answer.headers['content-type']).split(';')[0] ?? ''
  const schema = response?.content?.[type]?.schema
  expect(schema, `${method} ${path} answered ${type}`).toBeDefined()
  const value: unknown = type.endsWith('json') ? answer.json() : answer.body
  const [, errors] = Compile({ ...schema, components }).Errors(value)
  expect(errors, `${method} ${path}: ${answer.body.slice(0, 500)}`).toEqual([])
}

/** A marker score goes through each partition; when the board shows it, it has taken all before it. */
async function settle(server: HttpServer, log: EventLog): Promise<void> {
  const mark = settledMarks++
  const records = Array.from({ length: log.partitions }, (_, partition) => ({
    ...scoreRecord({ asset: `zz-marker-${partition}`, windowEnd: mark }),
    partition,
  }))
  const alerts = Array.from({ length: log.partitions }, (_, partition) => ({
    ...alertRecord('cleared', {
      alert: `zz-marker-${partition}:m:${mark}`,
      asset: `zz-marker-${partition}`,
      state: 'closed',
      raisedAt: 0,
    }),
    partition,
  }))
  await log.append([...records, ...alerts])
  for (let partition = 0; partition < log.partitions; partition++) {
    const asset = `zz-marker-${partition}`
    await until(async () => {
      const scores = await server.app.inject(`/api/v1/assets/${asset}/scores?limit=1`)
      const alert = await server.app.inject(`/api/v1/alerts/${asset}:m:${mark}`)
      return alert.statusCode === 200 && scores.json().items?.[0]?.windowEnd === mark
    })
  }
}
let settledMarks = 1

/** Waits for a condition; a test that never meets it fails by its own time limit. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5))
}

export function score(change: Partial<Score> = {}): Score {
  const windowEnd = change.windowEnd ?? 1_700_000_005_000
  return {
    asset: 'pump-01',
    pipeline: 'pump-health',
    windowStart: windowEnd - 5000,
    windowEnd,
    count: 5,
    score: 0.25,
    model: 'pump-health',
    modelVersion: '1',
    failureProbability: change.score ?? 0.25,
    closed: 'watermark',
    ...change,
  }
}

export function alert(change: Partial<Alert> = {}): Alert {
  const { asset = 'pump-01', rule = 'risk', raisedAt = 1_700_000_010_000 } = change
  return {
    alert: `${asset}:${rule}:${raisedAt}`,
    asset,
    pipeline: 'pump-health',
    rule,
    state: 'active',
    severity: 'high',
    score: 0.91,
    raisedAt,
    updatedAt: raisedAt,
    windowEnd: raisedAt,
    reasons: [{ channel: 'vibration', feature: 'mean', value: 4.1, normal: 1.2, share: 0.71 }],
    ...change,
  }
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value))

export function scoreRecord(change: Partial<Score> = {}): NewRecord {
  const value = score(change)
  return { topic: TOPICS.scores, key: value.asset, value: json(value) }
}

export function alertEvent(transition: Transition, change: Partial<Alert> = {}, n = 1): AlertEvent {
  const data = alert(change)
  return {
    specversion: '1.0',
    id: `${data.alert}:${n}`,
    source: `forewarn/${data.pipeline}`,
    type: `forewarn.alert.${transition}`,
    subject: data.asset,
    time: new Date(data.updatedAt).toISOString(),
    datacontenttype: 'application/json',
    data,
  }
}

export function alertRecord(transition: Transition, change: Partial<Alert> = {}, n = 1): NewRecord {
  const event = alertEvent(transition, change, n)
  return { topic: TOPICS.alerts, key: event.subject, value: json(event) }
}

export function alertStateRecord(change: Partial<Alert> = {}): NewRecord {
  const value = alert(change)
  return { topic: TOPICS['alert-states'], key: `${value.asset}/${value.rule}`, value: json(value) }
}

export function readingRecord(
  asset: string,
  ts: number,
  values: Record<string, number> = { t: 1 },
): NewRecord {
  return { topic: TOPICS.readings, key: asset, value: json({ asset, ts, values }) }
}

export function commandRecord(command: Command): NewRecord {
  return {
    topic: TOPICS.readings,
    key: command.asset,
    value: json(command),
    headers: { type: 'command' },
  }
}
