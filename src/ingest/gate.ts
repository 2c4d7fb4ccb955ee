/**
 * The named limit on what ingest holds: readings and bytes taken from sockets and not yet durable
 * (`limits.inFlightReadings`, `limits.inFlightBytes`). While it is shut no socket is read, so TCP slows the
 * senders down; nothing grows and nothing is dropped (law 5).
 */

export interface GateLimits {
  readonly inFlightReadings: number
  readonly inFlightBytes: number
}

export interface Gate {
  shut(): boolean
  enter(readings: number, bytes: number): void
  leave(readings: number, bytes: number): void
  /** Calls back once when the gate opens, first come first served, while it stays open. */
  wait(resume: () => void): void
  /** Depth and limit, for the metrics. */
  queues(): readonly { readonly queue: string; readonly depth: number; readonly limit: number }[]
  /** Times that the gate shut. */
  shutCount(): number
}

/** Share of the limits at which a shut gate opens again, so that it doesn't flutter. */
const OPEN_BELOW = 0.5

export function makeGate(limits: GateLimits): Gate {
  const waiting: (() => void)[] = []
  let readings = 0
  let bytes = 0
  let isShut = false
  let shutCount = 0

  const full = () => readings >= limits.inFlightReadings || bytes >= limits.inFlightBytes
  const roomy = () =>
    readings <= limits.inFlightReadings * OPEN_BELOW && bytes <= limits.inFlightBytes * OPEN_BELOW

  return {
    shut: () => isShut,
    enter(moreReadings, moreBytes) {
      readings += moreReadings
      bytes += moreBytes
      if (isShut || !full()) return
      isShut = true
      shutCount++
    },
    leave(lessReadings, lessBytes) {
      readings -= lessReadings
      bytes -= lessBytes
      if (!isShut || !roomy()) return
      isShut = false
      while (!isShut && waiting.length > 0) waiting.shift()?.()
    },
    wait: (resume) => waiting.push(resume),
    queues: () => [
      { queue: 'ingest-readings', depth: readings, limit: limits.inFlightReadings },
      { queue: 'ingest-bytes', depth: bytes, limit: limits.inFlightBytes },
    ],
    shutCount: () => shutCount,
  }
}
