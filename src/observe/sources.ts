/**
 * Where the metrics take their figures from at a scrape. Stages hand over what they hold; several sources
 * of one figure are added up. All counts are absolute: the engine's come from committed state and so
 * survive a crash (design 4.8).
 */
import type { ClosedBy, Severity, Transition } from '../core/records.ts'
import type { DeadLetterReason } from '../core/topics.ts'

export type Received = 'decoded' | 'rejected' | 'unassigned'
export type ReadingOutcome = 'windowed' | 'late' | 'duplicate' | 'future'

export interface ReadingCount {
  readonly pipeline: string
  readonly result: ReadingOutcome
  readonly count: number
}

export interface AlertCount {
  readonly severity: Severity
  readonly transition: Transition
  readonly count: number
}

export interface QueueFigure {
  readonly queue: string
  readonly depth: number
  readonly limit: number
}

export interface ModelFigure {
  readonly pipeline: string
  readonly model: string
  readonly version: string
  readonly backend: string
}

type Counts<Key extends string> = Readonly<Partial<Record<Key, number>>>

/** Each is asked once per scrape; leave out what a stage doesn't know. */
export interface MetricSource {
  received?(): Counts<Received>
  readings?(): Iterable<ReadingCount>
  /** Readings that the engine took from the log. */
  logReadings?(): Counts<Received>
  /** Readings that no count accounts for. */
  unbalanced?(): number
  /** Readings behind the last full window of a count. */
  leftOver?(): number
  /** Values whose quality is bad. */
  badValues?(): number
  /** Open windows that a changed definition discarded. */
  windowsDiscarded?(): number
  deadLetters?(): Counts<DeadLetterReason>
  /** Readings that were dead letters before. */
  replayed?(): number
  windowsOpen?(): number
  windowsClosed?(): Counts<ClosedBy>
  /** Wall time − watermark of each asset, in seconds. */
  watermarkLagSeconds?(): Iterable<number>
  /** Partition → records not read yet. */
  consumerLag?(): Promise<ReadonlyMap<number, number>>
  alerts?(): Iterable<AlertCount>
  /** Open alerts: every state but `closed`. */
  alertsActive?(): Counts<Severity>
  queues?(): Iterable<QueueFigure>
  tensorsLive?(): number
  models?(): Iterable<ModelFigure>
  sseClients?(): number
}
