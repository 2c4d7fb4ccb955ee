/**
 * Sessions that outlive their connection at the embedded broker (clean: false), bounded: so many of them,
 * each of one user, each with so many messages waiting. aedes keeps them in memory and knows no limit.
 */
import type { Aedes, Client } from 'aedes'

export interface Sessions {
  /** @returns false when the client's id is another user's */
  owns(client: Client, user: string | undefined): boolean
  /** @returns false when the session may not outlive its connection */
  keeps(clientId: string): boolean
  /** Messages not kept for a session because too many were waiting. */
  dropped(): number
}

/** Messages that may wait for a client; the state of an alert is retained anyway. */
const WAITING_PER_SESSION = 1000

interface Waiting {
  readonly clientId: string
}

/** The part of aedes's persistence that keeps messages for sessions. */
interface Outgoing {
  outgoingEnqueueCombi(subscribers: Waiting[], packet: object): Promise<void>
  outgoingClearMessageId(client: { id: string }, packet: object): Promise<object | undefined>
}

/** @param limit most client ids, connected or away, beyond which sessions end with their connection */
export function makeSessions(broker: Aedes, limit: number): Sessions {
  /** User of each client id that is connected or has a session. */
  const users = new Map<string, string | undefined>()
  const userOf = new WeakMap<Client, string | undefined>()
  const waiting = new Map<string, number>()
  let dropped = 0

  const { persistence } = broker as Aedes & { persistence: Outgoing }
  const enqueue = persistence.outgoingEnqueueCombi.bind(persistence)
  const clear = persistence.outgoingClearMessageId.bind(persistence)
  persistence.outgoingEnqueueCombi = (subscribers, packet) => {
    const roomy = subscribers.filter(({ clientId }) => (waiting.get(clientId) ?? 0) < WAITING_PER_SESSION)
    dropped += subscribers.length - roomy.length
    for (const { clientId } of roomy) waiting.set(clientId, (waiting.get(clientId) ?? 0) + 1)
    return enqueue(roomy, packet)
  }
  persistence.outgoingClearMessageId = async (client, packet) => {
    const cleared = await clear(client, packet)
    const left = (waiting.get(client.id) ?? 0) - (cleared ? 1 : 0)
    if (left > 0) waiting.set(client.id, left)
    else waiting.delete(client.id)
    return cleared
  }

  broker.on('clientDisconnect', (client) => {
    if (client.clean) users.delete(client.id)
  })
  // Behind the line above: a client that takes over its own id disconnects the one before.
  broker.on('client', (client) => users.set(client.id, userOf.get(client)))

  return {
    owns(client, user) {
      userOf.set(client, user)
      return !users.has(client.id) || users.get(client.id) === user
    },
    keeps: (clientId) => users.has(clientId) || users.size < limit,
    dropped: () => dropped,
  }
}
