/**
 * Publishes numbered messages at QoS 1 without end, over every loss of the connection, and remembers which were
 * acknowledged: the witness of `chaos`. Part of the shell of the simulators.
 */
import mqtt, { type MqttClient } from 'mqtt'

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

/** Sent and not acknowledged at once. */
const MOST_IN_FLIGHT = 500
const TURN_MS = 10
const RECONNECT_MS = 50
const CONNECT_TIMEOUT_MS = 1000

/**
 * Each connection is a client of its own: MQTT.js would send what was not acknowledged again one by one, and give up
 * what it took meanwhile when the next connection is lost, too.
 */
export function startWitness({ url, rate, message }: WitnessOptions): Witness {
  const acknowledged = new Set<number>()
  /** Sent on the connection of now. */
  const inFlight = new Set<number>()
  /** Sent on one before: first to go, in their order. */
  let again: number[] = []
  let next = 0
  let connections = 0
  let due = 0
  let isDraining = false
  let isOver = false
  let client = connect()

  function connect(): MqttClient {
    const made = mqtt.connect(url, {
      protocolVersion: 4,
      reconnectPeriod: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
    })
    made.on('connect', () => connections++)
    made.on('error', expected)
    made.on('close', () => {
      if (made !== client || isOver) return
      again = [...inFlight, ...again].sort((a, b) => a - b)
      inFlight.clear()
      setTimeout(() => {
        if (!isOver) client = connect()
      }, RECONNECT_MS)
    })
    return made
  }

  function publish(number: number): void {
    const { topic, payload } = message(number)
    const on = client
    inFlight.add(number)
    on.publish(topic, payload, { qos: 1 }, (error) => {
      if (error) return
      acknowledged.add(number)
      if (on === client) inFlight.delete(number)
    })
  }

  const timer = setInterval(() => {
    if (!client.connected) return
    while (again.length > 0 && inFlight.size < MOST_IN_FLIGHT) publish(again.shift()!)
    if (isDraining) return
    due = Math.min(due + (rate * TURN_MS) / 1000, MOST_IN_FLIGHT)
    for (; due >= 1 && inFlight.size < MOST_IN_FLIGHT; due--) publish(next++)
  }, TURN_MS)

  return {
    published: () => next,
    acknowledged,
    reconnects: () => Math.max(0, connections - 1),
    async stop(withinMs) {
      isDraining = true
      const deadline = performance.now() + withinMs
      while (inFlight.size + again.length > 0 && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, TURN_MS))
      }
      isOver = true
      clearInterval(timer)
      await client.endAsync(true)
      return inFlight.size + again.length
    },
  }
}

/** The broker is killed again and again: what could not be sent is sent on the next connection. */
function expected(): void {}
