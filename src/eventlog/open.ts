/** Picks and opens the adapter that the settings name. */
import type { LogSettings } from '../config/settings.ts'
import { messageOf } from '../core/errors.ts'
import type { EventLog } from '../core/ports.ts'
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

/**
 * Opens the event log, with retention running in the background until it is closed. An open log keeps the
 * process alive. Fails with `log-locked`, `log-version`, `log-unavailable`, `config`, or, read-only,
 * `not-found`.
 */
export async function openEventLog(settings: LogSettings, options: OpenOptions = {}): Promise<EventLog> {
  const { readOnly = false, now = Date.now, scheduler = systemScheduler, onError = warn } = options
  if (readOnly && settings.adapter === 'embedded') return visitLmdbLog({ dir: settings.dir, scheduler })
  const parts = { ...settings, now, scheduler }
  const log: LmdbLog | MemoryLog =
    settings.adapter === 'embedded' ? await openLmdbLog(parts) : createMemoryLog(parts)
  const stopRetainer = startRetainer({ retain: log.retain, now, scheduler, onError })
  return {
    ...log,
    async close() {
      await stopRetainer()
      await log.close()
    },
  }
}

function warn(error: unknown): void {
  process.emitWarning(`retention of the log: ${messageOf(error)}`)
}
