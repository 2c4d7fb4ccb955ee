/**
 * The named limit on large packets that are still on their way, over all connections: who begins one reserves
 * its size, or isn't read until there is room. So a thousand waveforms at once are slowed down, not gathered.
 */

export interface Budget {
  /**
   * @param granted called later when it isn't granted now; first come, first served
   * @returns true when it is granted at once
   */
  reserve(bytes: number, granted: () => void): boolean
  release(bytes: number): void
  /** How many wait. */
  waiting(): number
}

export function makeBudget(limitBytes: number): Budget {
  const queue: { readonly bytes: number; readonly granted: () => void }[] = []
  let reserved = 0
  // One is let in whatever its size: it alone can't be waiting for others.
  const fits = (bytes: number) => reserved === 0 || reserved + bytes <= limitBytes

  return {
    reserve(bytes, granted) {
      if (queue.length > 0 || !fits(bytes)) {
        queue.push({ bytes, granted })
        return false
      }
      reserved += bytes
      return true
    },
    release(bytes) {
      reserved -= bytes
      while (queue[0] && fits(queue[0].bytes)) {
        const next = queue.shift()!
        reserved += next.bytes
        next.granted()
      }
    },
    waiting: () => queue.length,
  }
}
