/**
 * The settings as the program uses them: made once at the start from the checked file, variables and flags,
 * then only handed down. Numbers carry their unit; patterns are compiled where they are used.
 */
import type { AlertRule, Delay } from '../core/alert.ts'
import type { NoDataRule } from '../core/silence.ts'
import type { TopicNames } from '../core/topics.ts'
import type { WindowRule } from '../core/window.ts'

export interface MqttSettings {
  /** `embedded`, or the URL of an outside broker. */
  readonly url: string
  readonly host: string
  readonly port: number
  readonly topic: string
  readonly clientId: string
  /** Name of the shared subscription that several ingests divide; `null` = this one takes all. */
  readonly share: string | null
  readonly users: Readonly<Record<string, string>> | null
  readonly username: string | null
  readonly password: string | null
  readonly maxConnections: number
}

export type KafkaCompression = 'none' | 'gzip' | 'zstd'

export interface KafkaSettings {
  /** HOST:PORT each. */
  readonly brokers: readonly string[]
  readonly clientId: string
  /** PEM files; `null` = no TLS. */
  readonly ssl: {
    readonly ca: string | null
    readonly cert: string | null
    readonly key: string | null
  } | null
  readonly sasl: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
    readonly username: string
    readonly password: string
  } | null
  /** Copies of a topic that is made; `null` = 3, or as many as there are brokers. */
  readonly replication: number | null
  readonly compression: KafkaCompression
  readonly sessionTimeoutMs: number
  readonly transactionTimeoutMs: number
  readonly requestTimeoutMs: number
}

export interface LogSettings {
  readonly adapter: 'embedded' | 'memory' | 'kafka'
  /** There with the adapter `kafka`. */
  readonly kafka?: KafkaSettings
  readonly dir: string
  readonly partitions: number
  readonly group: string
  readonly topics: TopicNames
  /** Ms between ticks; `null` = off. */
  readonly ticksMs: number | null
  readonly retentionMs: number
  readonly maxBytes: number
  readonly batchRecords: number
  readonly batchWaitMs: number
}

export interface ChannelSettings {
  readonly unit: string | null
  readonly min: number | null
  readonly max: number | null
}

export interface AssetGroupSettings {
  readonly match: string
  readonly class: string | null
  readonly channels: Readonly<Record<string, ChannelSettings>>
  readonly attributes: Readonly<Record<string, string | number | boolean>>
}

export interface PipelineSettings {
  readonly name: string
  readonly assets: string
  readonly window: WindowRule
  /** `default` = all statistics of all channels (or what the model's manifest lists). */
  readonly features: 'default' | readonly string[]
  /** Name → two features and an operator between them; only `train` reads it. */
  readonly derived?: Readonly<Record<string, string>>
  /** NAME or NAME@VERSION; `null` = learn the asset's own normal. */
  readonly model: string | null
  /** How long an asset without a model is learned before it is judged; left out: `LEARN_DEFAULT`. */
  readonly learn?: Delay
  /** Whether it goes on learning afterwards; left out: it does. */
  readonly follow?: boolean
  readonly alerts: readonly AlertRule[]
  /** When silence is an alert; none: it is none. */
  readonly noData?: NoDataRule | null
}

export interface HttpSettings {
  readonly host: string
  readonly port: number
  readonly token: string | null
  readonly requestsPerMinute: number
}

export interface Limits {
  readonly payloadBytes: number
  readonly inFlightReadings: number
  readonly inFlightBytes: number
  readonly arrayReadings: number
  readonly assets: number
  readonly channelsPerAsset: number
  readonly openWindowsPerAsset: number
  readonly dedupePerAsset: number
  readonly futureByMs: number
  readonly forgetAfterMs: number
  readonly batchRecords: number
  readonly snapshotRecords: number
  readonly sseClients: number
  readonly sseBufferBytes: number
  readonly boardScores: number
}

export interface Settings {
  readonly mqtt: MqttSettings
  readonly log: LogSettings
  readonly assets: readonly AssetGroupSettings[]
  readonly pipelines: readonly PipelineSettings[]
  readonly sinks: { readonly mqtt: { readonly enabled: boolean; readonly topic: string } }
  readonly http: HttpSettings
  readonly models: { readonly dir: string }
  readonly limits: Limits
}
