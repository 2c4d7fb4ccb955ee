/** Runs retention in the background: a bounded round now and then, and at once again while there is more. */
import { isFailure } from '../core/errors.ts'
import type { Retained } from './retention.ts'
import type { Scheduler } from './scheduler.ts'

/** Time between rounds when there is nothing to remove. */
export const RETAIN_EVERY_MS = 10_000

export interface RetainerOptions {
  /** One round at a time in epoch ms. */
  readonly retain: (nowMs: number) => Promise<Retained>
  readonly now: () => number
  readonly scheduler: Scheduler
  /** Time between rounds when there is nothing to remove; default `RETAIN_EVERY_MS`. */
  readonly everyMs?: number
  /** A round failed; it is tried again at the next time. */
  readonly onError: (error: unknown) => void
}

/** @returns stops it, after the round under way */
export function startRetainer({
  retain,
  now,
  scheduler,
  onError,
  everyMs = RETAIN_EVERY_MS,
}: RetainerOptions): () => Promise<void> {
  let stopped = false
  let round: Promise<void> = Promise.resolve()
  let cancel = scheduler.after(everyMs, begin)

  function begin(): void {
    round = work()
  }

  async function work(): Promise<void> {
    try {
      while (!stopped && (await retain(now())).more) await scheduler.turn()
    } catch (error) {
      // A full disk is told by those who write; retention just tries again.
      if (!isFailure(error, 'log-unavailable')) onError(error)
    }
    if (!stopped) cancel = scheduler.after(everyMs, begin)
  }

  return async () => {
    stopped = true
    cancel()
    await round
  }
}
