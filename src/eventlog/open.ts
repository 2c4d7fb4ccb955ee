/** Picks and opens the adapter that the settings name. */
import type { LogSettings } from '../config/settings.ts'
import { failure, messageOf } from '../core/errors.ts'
import type { EventLog } from '../core/ports.ts'
import { type KafkaLog, openKafkaLog } from './kafka.ts'
import { type LmdbLog, openLmdbLog } from './lmdb.ts'
import { visitLmdbLog } from './lmdb-visit.ts'
import { createMemoryLog, type MemoryLog } from './memory.ts'
import { startRetainer } from './retainer.ts'
import { type Scheduler, systemScheduler } from './scheduler.ts'

export interface OpenOptions {
  /** Only read, also while another process owns the log. */
  readonly readOnly?: boolean
  /** Epoch ms. */
  readonly now?: () => number
  readonly scheduler?: Scheduler
  /** A round of retention failed (it is tried again); default: a warning of the process. */
  readonly onError?: (error: unknown) => void
}

/** Between rounds of retention on Kafka: each asks the brokers about every partition. */
const KAFKA_RETAIN_EVERY_MS = 60_000

/**
 * Opens the event log, with retention running in the background until it is closed. An open log keeps the
 * process alive. Fails with `log-locked`, `log-version`, `log-unavailable`, `config`, or, read-only,
 * `not-found`.
 */
export async function openEventLog(settings: LogSettings, options: OpenOptions = {}): Promise<EventLog> {
  const { readOnly = false, now = Date.now, scheduler = systemScheduler, onError = warn } = options
  if (readOnly && settings.adapter === 'embedded') return visitLmdbLog({ dir: settings.dir, scheduler })
  const log = await openAdapter(settings, { readOnly, now, scheduler })
  if (readOnly) return log
  const everyMs = settings.adapter === 'kafka' ? { everyMs: KAFKA_RETAIN_EVERY_MS } : {}
  const stopRetainer = startRetainer({ retain: log.retain, now, scheduler, onError, ...everyMs })
  return {
    ...log,
    async close() {
      await stopRetainer()
      await log.close()
    },
  }
}

async function openAdapter(
  settings: LogSettings,
  options: Required<Pick<OpenOptions, 'readOnly' | 'now' | 'scheduler'>>,
): Promise<LmdbLog | MemoryLog | KafkaLog> {
  const parts = { ...settings, ...options }
  if (settings.adapter === 'embedded') return openLmdbLog(parts)
  if (settings.adapter === 'memory') return createMemoryLog(parts)
  if (settings.kafka === undefined) throw failure('config', 'log.kafka is missing: name its brokers')
  return openKafkaLog({ ...parts, kafka: settings.kafka })
}

function warn(error: unknown): void {
  process.emitWarning(`retention of the log: ${messageOf(error)}`)
}
