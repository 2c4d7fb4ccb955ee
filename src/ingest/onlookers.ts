/**
 * Subscriptions at the embedded broker. Clients may look at readings as they come by (`sensors/#`), at QoS 0
 * and as long as they keep up: nobody who looks on may slow ingest down.
 */
import type { Aedes, Client } from 'aedes'

export interface Onlookers {
  /** @returns false when the client may not subscribe to the filter */
  admit(client: Client, filter: string): boolean
  /** Forwards a payload to who looks on, if anybody does. */
  offer(topic: string, payload: Buffer): void
  /** Payloads that were not forwarded because somebody didn't keep up. */
  skipped(): number
}

/** Most filters that a client may subscribe to. */
const FILTERS_PER_CLIENT = 64
/** Payloads on their way to onlookers, beyond which more are not forwarded. */
const FORWARDS = 1000

/** @param readings the filter that readings come on */
export function makeOnlookers(broker: Aedes, readings: string): Onlookers {
  const filters = new Map<Client, Set<string>>()
  let looking = 0
  let forwards = 0
  let skipped = 0

  function remove(client: Client, gone: Iterable<string>): void {
    const held = filters.get(client)
    for (const filter of gone) {
      if (held?.delete(filter) && mayMeet(filter, readings)) looking--
    }
  }

  broker.on('unsubscribe', (gone, client) => remove(client, gone))
  broker.on('clientDisconnect', (client) => {
    remove(client, [...(filters.get(client) ?? [])])
    filters.delete(client)
  })

  return {
    admit(client, filter) {
      if (client.closed || filter.startsWith('$')) return false
      const held = filters.get(client) ?? new Set()
      if (held.has(filter)) return true
      if (held.size >= FILTERS_PER_CLIENT) return false
      filters.set(client, held.add(filter))
      if (mayMeet(filter, readings)) looking++
      return true
    },
    offer(topic, payload) {
      if (looking === 0) return
      if (forwards >= FORWARDS) {
        skipped++
        return
      }
      forwards++
      const copy = Buffer.from(payload)
      broker.publish({ cmd: 'publish', topic, payload: copy, qos: 0, dup: false, retain: false }, () => {
        forwards--
      })
    },
    skipped: () => skipped,
  }
}

/** True when a topic can fit both filters. */
export function mayMeet(one: string, other: string): boolean {
  const ones = one.split('/')
  const others = other.split('/')
  for (let i = 0; ; i++) {
    const a = ones[i]
    const b = others[i]
    if (a === '#' || b === '#') return true
    if (a === undefined || b === undefined) return a === b
    if (a !== b && a !== '+' && b !== '+') return false
  }
}
