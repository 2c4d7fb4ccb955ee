/**
 * What the HTTP side is given by the composition root: settings, the log, and ways to hand on what people
 * and programs send in. Every role serves health and metrics; `api` is there where the log can be read.
 */
import type { FastifyBaseLogger } from 'fastify'
import type { Settings } from '../config/settings.ts'
import type { DeadLetterChoice, DeadLetterPlace } from '../core/dead-letter-view.ts'
import type { Clock, EventLog } from '../core/ports.ts'
import type { Command } from '../core/records.ts'
import type { TopicNames } from '../core/topics.ts'

/** Limits at which this side refuses; labels of `refused_total`. */
export type HttpRefusal =
  | 'request-rate'
  | 'token'
  | 'host'
  | 'body-bytes'
  | 'sse-clients'
  | 'sse-buffer'
  | 'board-assets'
  | 'board-alerts'

/** The part of `observe/metrics.ts` that is needed here. */
export interface HttpMetrics {
  render(accept: string | undefined): Promise<{ readonly contentType: string; readonly body: string }>
  countRefusal(limit: HttpRefusal): void
  addSource(source: { sseClients(): number }): () => void
}

export interface Readiness {
  readonly ready: boolean
  /** Why not, each in words a person can act on. */
  readonly reasons: readonly string[]
  /** Figures and facts worth seeing, such as the backend of the neural net. */
  readonly details: Readonly<Record<string, unknown>>
}

/** An element of a payload that became a dead letter. */
export interface RejectedReading {
  /** Position in the array, where the payload was one. */
  readonly index?: number
  readonly reason: string
  readonly detail: string
}

/** What the intake made of a payload, once all of it is durable. */
export interface Submitted {
  /** Readings that are in the log. */
  readonly readings: number
  readonly rejected: readonly RejectedReading[]
}

/** Which dead letters to send again, and where to begin. */
export interface ReplayStep {
  readonly choice: DeadLetterChoice
  readonly cursor: DeadLetterPlace | null
  /** Most dead letters looked at. */
  readonly most: number
}

/** What a step of a replay did; see `ingest/replay.ts`. */
export interface ReplayedStep {
  readonly sent: number
  readonly readings: number
  readonly rejected: number
  readonly already: number
  readonly refused: number
  readonly refusals: readonly { readonly letter: string; readonly detail: string }[]
  readonly next: DeadLetterPlace | null
}

export interface ApiDeps {
  readonly log: EventLog
  readonly topics: TopicNames
  /**
   * Appends a command to `readings` (header `type: command`, key = asset); resolves when it is durable.
   * Rejects with `log-full` or `log-unavailable`.
   */
  submitCommand(command: Command): Promise<void>
  /**
   * Hands a JSON payload (a reading or an array) to the same intake as MQTT; resolves when what was taken
   * is durable. Rejects with `log-full`, `log-unavailable` or `unavailable`.
   */
  submitReadings(payload: Uint8Array): Promise<Submitted>
  /** Sends dead letters again, each once; resolves when that is durable. Rejects with what the log fails with. */
  replayDeadLetters(step: ReplayStep): Promise<ReplayedStep>
}

export interface HttpDeps {
  /** With the MQTT address as it really is: the empty page tells people where to publish. */
  readonly settings: Settings
  readonly version: string
  readonly clock: Clock
  readonly metrics: HttpMetrics
  readonly logger: FastifyBaseLogger
  readiness(): Readiness
  /** `null`: this role serves health and metrics alone. */
  readonly api: ApiDeps | null
}
