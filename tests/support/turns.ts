/**
 * Whose turn it is, decided by the simulation: every timer, every turn of the event loop and every gate that the
 * code under test waits at stands in one list, and one random number picks what goes on next.
 */
import type { Random } from '../../simulators/random.ts'
import type { Scheduler } from '../../src/eventlog/scheduler.ts'

/** What a process waits for: it can be stopped, woken up and killed apart from the others. */
export interface Lane {
  readonly scheduler: Scheduler
  gate(): Promise<void>
  /** Nothing of it goes on until `resume`, as with SIGSTOP. */
  pause(): void
  resume(): void
  isPaused(): boolean
  /** Nothing of it ever goes on again. */
  kill(): void
}

export interface Turns {
  /** A lane of its own for each process. */
  lane(): Lane
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
    lane() {
      let held: (() => void)[] | null = null
      let isDead = false
      const own = new Set<() => void>()
      const waitHere = (run: () => void) => {
        if (isDead) return () => {}
        const task = () => {
          own.delete(task)
          run()
        }
        own.add(task)
        if (held === null) waiting.push(task)
        else held.push(task)
        return () => {
          own.delete(task)
          waiting = waiting.filter((other) => other !== task)
          held &&= held.filter((other) => other !== task)
        }
      }
      const gateHere = () =>
        new Promise<void>((resolve) => {
          waitHere(resolve)
        })
      return {
        scheduler: { after: (_, task) => waitHere(task), turn: gateHere },
        gate: gateHere,
        pause() {
          if (isDead || held !== null) return
          held = waiting.filter((task) => own.has(task))
          waiting = waiting.filter((task) => !own.has(task))
        },
        resume() {
          waiting.push(...(held ?? []))
          held = null
        },
        isPaused: () => held !== null,
        kill() {
          isDead = true
          held = null
          waiting = waiting.filter((task) => !own.has(task))
          own.clear()
        },
      }
    },
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

/** For `until`: resolves at the first turn at which it is so. */
export async function waitFor({ gate }: Pick<Turns, 'gate'>, isSo: () => boolean): Promise<void> {
  while (!isSo()) await gate()
}

/** All promises that can go on have gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
