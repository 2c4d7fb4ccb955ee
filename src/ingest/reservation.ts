/** What one connection holds of the budget for large packets. */
import type { Budget } from './budget.ts'

export interface Reservation {
  /** @returns false when it must wait; `granted` is called then, unless it was dropped meanwhile */
  take(bytes: number): boolean
  /** Detaches what is held, to be given back or kept once it is clear which. */
  detach(): Held
  holds(): boolean
  /** Gives back all, for good. */
  drop(): void
}

export interface Held {
  keep(): void
  giveBack(): void
}

export function makeReservation(budget: Budget, granted: () => void): Reservation {
  let held = 0
  let dropped = false

  function release(bytes: number): void {
    if (bytes > 0) budget.release(bytes)
  }

  return {
    take(bytes) {
      const now = budget.reserve(bytes, () => {
        if (dropped) {
          release(bytes)
          return
        }
        held += bytes
        granted()
      })
      if (now) held += bytes
      return now
    },
    detach() {
      const bytes = held
      held = 0
      return {
        keep: () => {
          held += bytes
        },
        giveBack: () => release(bytes),
      }
    },
    holds: () => held > 0,
    drop() {
      dropped = true
      release(held)
      held = 0
    },
  }
}
