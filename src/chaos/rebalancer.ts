/** An engine that is added to the group and taken out of it again and again, beside everything else that happens. */
import type { PlantContext } from './plant.ts'
import { type Program, stopInOrder, wait } from './program.ts'

export interface Rebalancer {
  start(): void
  /** Does something while no engine comes or goes: what would spoil its end in good order. */
  without(work: () => Promise<void>): Promise<void>
  /** Takes the engine out for good. */
  stop(): Promise<void>
}

const POLL_MS = 50

/** @param everyMs `null`: only when it is asked to */
export function createRebalancer(
  { problem, did }: Pick<PlantContext, 'problem' | 'did'>,
  extra: Program,
  everyMs: number | null,
): Rebalancer {
  let stopping = false
  let running: Promise<void> | null = null
  /** What goes on now; the next waits for it. */
  let turn: Promise<void> = Promise.resolve()

  function without(work: () => Promise<void>): Promise<void> {
    const done = turn.then(work)
    turn = done.catch(passedOn)
    return done
  }

  async function move(): Promise<void> {
    if (stopping) return
    if (extra.alive()) {
      await stopInOrder(extra, problem)
      did('engine removed')
    } else {
      extra.start()
      did('engine added')
    }
  }

  async function moveAgain(intervalMs: number): Promise<void> {
    let nextMs = performance.now() + intervalMs
    while (!stopping) {
      await wait(POLL_MS)
      if (performance.now() < nextMs) continue
      await without(move)
      nextMs = performance.now() + intervalMs
    }
  }

  return {
    without,
    start() {
      if (everyMs === null) return
      running = moveAgain(everyMs).catch((error: Error) =>
        problem(`an engine that comes and goes: ${error.message}`),
      )
    },
    async stop() {
      if (stopping) return
      stopping = true
      await running
      if (extra.alive()) await stopInOrder(extra, problem)
    },
  }
}

/** Whoever asked for the work hears of its failure; who comes next need not. */
function passedOn(): void {}
