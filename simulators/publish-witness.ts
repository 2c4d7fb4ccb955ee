/**
 * Publishes numbered messages at QoS 1 without end, over every loss of the connection, and remembers which were
 * acknowledged: the witness of `chaos`. Part of the shell of the simulators.
 */
import mqtt from 'mqtt'

export interface WitnessOptions {
  readonly url: string
  /** Messages a second while connected. */
  readonly rate: number
  message(number: number): { readonly topic: string; readonly payload: string }
}

export interface Witness {
  /** Messages handed to the client so far; they have the numbers below it. */
  published(): number
  /** Numbers of those that were acknowledged. */
  readonly acknowledged: ReadonlySet<number>
  /** Times that the connection was lost and came back. */
  reconnects(): number
  /** Publishes nothing more and waits for what is on its way. @returns messages that are not acknowledged */
  stop(withinMs: number): Promise<number>
}

/** Sent and not acknowledged at once; MQTT.js sends them again after a loss. */
const MOST_IN_FLIGHT = 500
const TURN_MS = 10
const RECONNECT_MS = 50
const CONNECT_TIMEOUT_MS = 1000
const POLL_MS = 10

export function startWitness({ url, rate, message }: WitnessOptions): Witness {
  const client = mqtt.connect(url, {
    protocolVersion: 4,
    reconnectPeriod: RECONNECT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
  })
  const acknowledged = new Set<number>()
  let next = 0
  let inFlight = 0
  let connections = 0
  let due = 0
  client.on('connect', () => connections++)
  // The broker is killed again and again: a refused connection is what is expected, and tried again.
  client.on('error', () => client.reconnecting)

  function publish(number: number): void {
    const { topic, payload } = message(number)
    inFlight++
    client.publish(topic, payload, { qos: 1 }, (error) => {
      inFlight--
      if (!error) acknowledged.add(number)
    })
  }

  const timer = setInterval(() => {
    if (!client.connected) return
    due = Math.min(due + (rate * TURN_MS) / 1000, MOST_IN_FLIGHT)
    for (; due >= 1 && inFlight < MOST_IN_FLIGHT; due--) publish(next++)
  }, TURN_MS)

  return {
    published: () => next,
    acknowledged,
    reconnects: () => Math.max(0, connections - 1),
    async stop(withinMs) {
      clearInterval(timer)
      const deadline = performance.now() + withinMs
      while (inFlight > 0 && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS))
      }
      const left = inFlight
      await client.endAsync(true)
      return left
    },
  }
}
