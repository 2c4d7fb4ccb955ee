/**
 * Whose turn it is, decided by the simulation: every timer, every turn of the event loop and every gate that the
 * code under test waits at stands in one list, and one random number picks what goes on next.
 */
import type { Random } from '../../simulators/random.ts'
import type { Scheduler } from '../../src/eventlog/scheduler.ts'

export interface Turns {
  /** To be handed to the log instead of real time: what is due may come in any order. */
  readonly scheduler: Scheduler
  /** A place at which the simulation may stop the code, let it go on, or never let it go on. */
  gate(): Promise<void>
  waiting(): number
  /** Lets one of those that wait go on, and all that follows from it happen up to the next waiting. */
  fireOne(random: Random): Promise<void>
  /** Those that wait now never go on: their process is dead. */
  forget(): void
  /** Lets all go on, in order, until the promise is settled. */
  until<T>(promise: Promise<T>): Promise<T>
}

/** More turns than any run of the simulation takes; beyond it something waits for ever. */
const MOST_TURNS = 100_000

export function createTurns(): Turns {
  let waiting: (() => void)[] = []

  function wait(run: () => void): () => void {
    waiting.push(run)
    return () => {
      waiting = waiting.filter((other) => other !== run)
    }
  }
  const gate = () =>
    new Promise<void>((resolve) => {
      wait(resolve)
    })

  return {
    scheduler: { after: (_, task) => wait(task), turn: gate },
    gate,
    waiting: () => waiting.length,
    async fireOne(random) {
      waiting.splice(random.below(waiting.length), 1)[0]?.()
      await settled()
    },
    forget() {
      waiting = []
    },
    async until(promise) {
      let isDone = false
      const done = promise.finally(() => {
        isDone = true
      })
      await settled()
      for (let turn = 0; !isDone; turn++) {
        if (turn === MOST_TURNS) throw new Error(`nothing has come of it after ${MOST_TURNS} turns`)
        waiting.shift()?.()
        await settled()
      }
      return await done
    },
  }
}

/** All promises that can go on have gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
