/**
 * Readings → an MQTT broker at QoS 1, in time order, at a chosen speed: the shell around the pure simulators, and
 * around recordings that are replayed. It returns when everything is acknowledged, so what it reports as sent is
 * what the broker has taken.
 */
import mqtt, { type MqttClient } from 'mqtt'
import { failure, messageOf } from '../src/core/errors.ts'

export interface PublishOptions {
  readonly url: string
  readonly username?: string
  readonly password?: string
  /** Topic of an asset's readings; `{asset}` stands for its id. */
  readonly topic: string
  /** Times real time; Infinity = as fast as acknowledged. */
  readonly speed: number
  /** Event time (epoch ms) that is due at once; what is older comes at once too. Default: that of the first reading. */
  readonly startAtMs?: number
  /** Connections; an asset stays on one, which keeps its order. Order over assets is kept by a single one alone. */
  readonly connections: number
  /** Messages sent and not yet acknowledged, over all connections. */
  readonly window: number
  readonly signal?: AbortSignal
}

export interface Publishable {
  readonly asset: string
  readonly ts: number
}

export interface Published {
  readonly readings: number
  /** Times that a connection was lost and came back. */
  readonly reconnects: number
}

export const PUBLISH_DEFAULTS = { topic: 'sensors/{asset}', connections: 1, window: 2000 } as const

/** Longest wait for the first connection. */
const CONNECT_TIMEOUT_MS = 10_000
const RECONNECT_MS = 500
/** Longest wait for acknowledgements after a stop: the broker may be away. */
const STOP_WITHIN_MS = 3000

/**
 * @param readings in time order
 * @throws failure 'unavailable' when the broker can't be reached or refuses
 */
export async function publishReadings(
  readings: Iterable<Publishable> | AsyncIterable<Publishable>,
  options: PublishOptions,
): Promise<Published> {
  const clients = await Promise.all(Array.from({ length: options.connections }, () => connect(options)))
  const flow = createFlow(options.window)
  let reconnects = 0
  for (const client of clients) client.on('reconnect', () => reconnects++)
  const stopped = abortOf(options.signal)
  try {
    const due = createPace(options.speed, options.startAtMs)
    for await (const reading of readings) {
      const waitMs = due(reading.ts)
      if (waitMs > 0) await sleep(waitMs, options.signal)
      if (options.signal?.aborted) break
      const room = flow.room()
      if (room) await Promise.race([room, stopped])
      if (options.signal?.aborted) break
      const client = clients[lane(reading.asset, clients.length)]!
      const topic = options.topic.replace('{asset}', reading.asset)
      flow.sent()
      client.publish(topic, JSON.stringify(reading), { qos: 1 }, flow.acknowledged)
    }
    await Promise.race([flow.empty(), stopped.then(() => sleep(STOP_WITHIN_MS, undefined))])
  } finally {
    await Promise.all(clients.map((client) => client.endAsync(flow.inFlight() > 0)))
  }
  return { readings: flow.taken(), reconnects }
}

/** Resolves when the signal comes; never without one. */
function abortOf(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve()
    else signal?.addEventListener('abort', () => resolve(), { once: true })
  })
}

async function connect({ url, username, password }: PublishOptions): Promise<MqttClient> {
  const client = mqtt.connect(url, {
    protocolVersion: 4,
    reconnectPeriod: RECONNECT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  })
  return new Promise((resolve, reject) => {
    // Before the first connection an error is final; after it the client comes back by itself.
    const refuse = (error: Error) => {
      client.end(true)
      reject(failure('unavailable', `can't reach the MQTT broker at ${url}: ${messageOf(error)}`, error))
    }
    client.once('error', refuse)
    client.once('connect', () => {
      client.off('error', refuse)
      client.on('error', (error) => console.error(`forewarn: MQTT: ${messageOf(error)}`))
      resolve(client)
    })
  })
}

/** Ms until a reading is due, by its event time and the speed. */
function createPace(speed: number, startAtMs: number | undefined): (ts: number) => number {
  if (speed === Number.POSITIVE_INFINITY) return () => 0
  const startedMs = performance.now()
  let originTs = startAtMs
  return (ts) => {
    originTs ??= ts
    return startedMs + (ts - originTs) / speed - performance.now()
  }
}

/** The window of unacknowledged messages. */
function createFlow(window: number) {
  let inFlight = 0
  let taken = 0
  let failed: Error | null = null
  let waiting: {
    readonly below: number
    readonly resolve: () => void
    readonly reject: (e: Error) => void
  } | null = null
  const until = (below: number) =>
    new Promise<void>((resolve, reject) => {
      waiting = { below, resolve, reject }
      settle()
    })
  function settle(): void {
    if (!waiting) return
    const { below, resolve, reject } = waiting
    if (failed) reject(failed)
    else if (inFlight < below) resolve()
    else return
    waiting = null
  }
  return {
    room: () => (inFlight < window && !failed ? undefined : until(window)),
    empty: () => until(1),
    inFlight: () => inFlight,
    /** Messages acknowledged. */
    taken: () => taken,
    sent: () => {
      inFlight++
    },
    acknowledged: (error?: Error | null) => {
      inFlight--
      if (error) failed ??= error
      else taken++
      settle()
    },
  }
}

/** Which connection an asset uses. */
function lane(asset: string, connections: number): number {
  let sum = 0
  for (let i = 0; i < asset.length; i++) sum = (sum * 31 + asset.charCodeAt(i)) | 0
  return Math.abs(sum) % connections
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
  })
}
