/** Which stages a process runs, and where they can run apart. */
import type { LogSettings } from '../config/settings.ts'
import { failure } from '../core/errors.ts'

export type Role = 'all' | 'ingest' | 'engine' | 'http'

/**
 * Stages of several processes meet on Kafka only: a data folder has one owner, and what is in memory is in one process.
 * @throws failure 'usage' that says what would work
 */
export function checkRole(
  { adapter }: Pick<LogSettings, 'adapter'>,
  role: Role,
  untilCaughtUp: boolean,
): void {
  if (untilCaughtUp && role !== 'engine') throw failure('usage', '--until-caught-up goes with --role engine')
  if (adapter === 'kafka' || role === 'all') return
  // It owns the folder while it catches up; nobody else is needed for that.
  if (adapter === 'embedded' && untilCaughtUp) return
  const why =
    adapter === 'embedded'
      ? 'the embedded log has one owner, so its stages run in one process'
      : 'a log in memory is in one process, with all its stages'
  throw failure(
    'usage',
    `--role ${role} needs Kafka (log.adapter: kafka): ${why}; run forewarn up without --role`,
  )
}
