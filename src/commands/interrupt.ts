/** Ctrl-C while a command computes: the first asks it to stop with what it has, the second ends it at once. */

/** Exit status of a command that was stopped and kept what it had: 128 + SIGINT, as shells have it. */
export const INTERRUPTED = 130

export interface Interrupt {
  /** Lets signals through. @returns true once one has come */
  stopped(): Promise<boolean>
  close(): void
}

/** @param onFirst told when the first signal comes */
export function listenForInterrupt(onFirst: () => void): Interrupt {
  let stopped = false
  const listen = () => {
    if (stopped) process.exit(INTERRUPTED)
    stopped = true
    onFirst()
  }
  process.on('SIGINT', listen)
  return {
    async stopped() {
      await new Promise((resolve) => setImmediate(resolve))
      return stopped
    },
    close() {
      process.off('SIGINT', listen)
    },
  }
}
