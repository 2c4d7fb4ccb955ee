/**
 * The connections of the embedded broker: which front belongs to which client, and who has been silent for
 * longer than its keep-alive allows. (aedes doesn't see the readings, so it can't tell.)
 */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Budget } from './budget.ts'
import type { Front } from './front.ts'

export interface Connections {
  add(socket: Socket, front: Front): void
  /** The client on this stream said how long it may be silent; 0 = for ever. */
  keepAlive(stream: Duplex, seconds: number): void
  ready(stream: Duplex): void
  count(): number
  /** Runs that are not acknowledged yet, of all. */
  pending(): number
  halt(): void
  destroy(): void
}

interface Connection {
  readonly front: Front
  /** Sweep at which something was heard last. */
  heard: number
  silentSweeps: number
  /** Sweeps since a large packet began. */
  reservedSweeps: number
}

const SWEEP_MS = 1000
/** A large packet must be here by then when others wait for its room. */
const RESERVED_SWEEPS = 30
/** A client may be late by half its keep-alive [MQTT-3.1.2-24]. */
const GRACE = 1.5

export interface ConnectionsOptions {
  readonly budget: Budget
  /** A connection was ended because it was silent for too long, or took too long over a large packet. */
  onEnded(why: 'silent' | 'too-slow', detail: string): void
}

export function makeConnections({ budget, onEnded }: ConnectionsOptions): Connections {
  const connections = new Map<Duplex, Connection>()
  let sweep = 0

  function look(stream: Duplex, connection: Connection): void {
    const { front } = connection
    if (front.held()) connection.heard = sweep
    connection.reservedSweeps = front.reserves() && !front.held() ? connection.reservedSweeps + 1 : 0
    if (sweep - connection.heard > connection.silentSweeps) {
      onEnded('silent', 'keep-alive is over')
      stream.destroy()
    } else if (connection.reservedSweeps > RESERVED_SWEEPS && budget.waiting() > 0) {
      onEnded('too-slow', `a large packet is not here after ${connection.reservedSweeps} s; others wait`)
      stream.destroy()
    }
  }

  const timer = setInterval(() => {
    sweep++
    for (const [stream, connection] of connections) look(stream, connection)
  }, SWEEP_MS)
  timer.unref()

  return {
    add(socket, front) {
      const connection = { front, heard: sweep, silentSweeps: Number.POSITIVE_INFINITY, reservedSweeps: 0 }
      connections.set(front.stream, connection)
      socket.on('data', () => {
        connection.heard = sweep
      })
      front.stream.on('close', () => connections.delete(front.stream))
    },
    keepAlive(stream, seconds) {
      const connection = connections.get(stream)
      if (connection && seconds > 0) connection.silentSweeps = Math.ceil((seconds * GRACE * 1000) / SWEEP_MS)
    },
    ready: (stream) => connections.get(stream)?.front.ready(),
    count: () => connections.size,
    pending() {
      let pending = 0
      for (const { front } of connections.values()) pending += front.pending()
      return pending
    },
    halt() {
      clearInterval(timer)
      for (const { front } of connections.values()) front.halt()
    },
    destroy() {
      for (const stream of [...connections.keys()]) stream.destroy()
    },
  }
}
