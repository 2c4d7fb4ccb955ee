/**
 * A bell wakes the one who waits for work: rung by appends, leases and stop. A ring that nobody hears is
 * kept, so no wake-up is lost between looking for work and waiting for it.
 */

export interface Bell {
  ring(): void
  /** Resolves at the next ring, or at once when it rang since the last wait. One waiter at a time. */
  wait(): Promise<void>
}

export function createBell(): Bell {
  let rung = false
  let waiter: (() => void) | null = null
  return {
    ring() {
      rung = true
      waiter?.()
      waiter = null
    },
    async wait() {
      if (!rung) {
        await new Promise<void>((resolve) => {
          waiter = resolve
        })
      }
      rung = false
    },
  }
}
