/**
 * What keeps the log from its work now, while it tries again by itself: for `/health/ready`. A trouble counts once it
 * has lasted a while, so that a moved leader alarms nobody.
 */
import { type Failure, failure, isFailure, messageOf } from '../core/errors.ts'

/** Younger troubles are not told. */
const TOLD_AFTER_MS = 2000
/** Most troubles remembered; one is enough to be unready. */
const MOST_TROUBLES = 100

export interface Troubles {
  set(name: string, error: unknown): void
  clear(name: string): void
  /** The oldest that has lasted; `null` when all is well. */
  worst(): Failure | null
}

interface Trouble {
  readonly sinceMs: number
  error: unknown
}

/** @param monotonic ms */
export function createTroubles(monotonic: () => number): Troubles {
  const troubles = new Map<string, Trouble>()
  return {
    set(name, error) {
      const known = troubles.get(name)
      if (known) known.error = error
      else if (troubles.size < MOST_TROUBLES) troubles.set(name, { sinceMs: monotonic(), error })
    },
    clear: (name) => void troubles.delete(name),
    worst() {
      const until = monotonic() - TOLD_AFTER_MS
      for (const { sinceMs, error } of troubles.values()) {
        if (sinceMs > until) continue
        return isFailure(error) ? error : failure('log-unavailable', messageOf(error), error)
      }
      return null
    },
  }
}
