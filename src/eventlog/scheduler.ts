/**
 * Waiting, as an argument: back-off, gathering and polling take their timers from here, so that a test or the
 * deterministic simulation can put its own in place.
 */

export interface Scheduler {
  /** Runs `task` once after `ms`; the returned function cancels it. */
  after(ms: number, task: () => void): () => void
  /** Resolves after other work of the event loop (sockets, timers) has had its turn. */
  turn(): Promise<void>
}

/** Node's timers. A pending one keeps the process alive, so whoever starts one cancels it when it closes. */
export const systemScheduler: Scheduler = {
  after(ms, task) {
    const timer = setTimeout(task, ms)
    return () => clearTimeout(timer)
  },
  turn: () => new Promise((resolve) => setImmediate(resolve)),
}

/** Grows from `firstMs` by doubling to `mostMs`. */
export interface BackOff {
  readonly firstMs: number
  readonly mostMs: number
}

/** @param failures how many attempts in a row have failed before this wait, from 0 */
export function backOffMs(backOff: BackOff, failures: number): number {
  return Math.min(backOff.mostMs, backOff.firstMs * 2 ** Math.min(failures, 30))
}
