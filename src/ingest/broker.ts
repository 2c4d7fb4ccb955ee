/**
 * The embedded MQTT broker: aedes behind our own front. Readings go from the front to intake; connections,
 * subscriptions and retained alerts are aedes's. First stage of the flow when no outside broker is named.
 */
import type { AddressInfo } from 'node:net'
import net from 'node:net'
import { Aedes } from 'aedes'
import type { MqttSettings } from '../config/settings.ts'
import { failure } from '../core/errors.ts'
import { makeBudget } from './budget.ts'
import { type Connections, makeConnections } from './connections.ts'
import { type FrontFault, makeFront } from './front.ts'
import type { Gate } from './gate.ts'
import type { Intake } from './intake.ts'
import { makeOnlookers } from './onlookers.ts'
import { makeSessions } from './sessions.ts'
import { makeSensorTopic } from './topic.ts'
import { makeCheckUser } from './users.ts'

/** Why a client was turned away or something of it was not done. */
export type Refusal =
  | FrontFault
  | 'too-many-connections'
  | 'bad-credentials'
  | 'not-yours'
  | 'publish-denied'
  | 'subscribe-denied'
  | 'silent'
  | 'too-slow'
  | 'protocol'

export interface BrokerOptions {
  readonly mqtt: Pick<MqttSettings, 'host' | 'port' | 'topic' | 'users' | 'maxConnections'>
  readonly limits: { readonly payloadBytes: number; readonly inFlightBytes: number }
  readonly intake: Intake
  readonly gate: Gate
  /** Told of each refusal, for the log. */
  onRefused?(refusal: Refusal, detail: string): void
}

/** Publishes to MQTT; the alert sink uses it. */
export type Publish = (
  topic: string,
  payload: Uint8Array,
  options: { readonly qos: 0 | 1; readonly retain: boolean },
) => Promise<void>

export interface EmbeddedBroker {
  readonly host: string
  /** The port it listens on, also when 0 was asked for. */
  readonly port: number
  readonly publish: Publish
  connections(): number
  refused(): Readonly<Partial<Record<Refusal, number>>>
  /** Messages for others than ingest that were let go: to slow onlookers, to full sessions. */
  dropped(): { readonly onlookers: number; readonly sessions: number }
  /** Reads no more, waits until all that was taken is acknowledged, then closes. */
  close(): Promise<void>
}

/** A subscriber that doesn't take a message for so long is cut off: it holds up the others. */
const DRAIN_TIMEOUT_MS = 3000
const CONNECT_TIMEOUT_MS = 5000
/** Longest wait at the end for what is in flight. */
const CLOSE_TIMEOUT_MS = 5000
const CLOSE_POLL_MS = 10
/** Client ids remembered, connected or with a session, per connection that may be open. */
const IDS_PER_CONNECTION = 2
const TCP_KEEP_ALIVE_MS = 60_000

/**
 * @throws Failure `unavailable` when the port is taken
 */
export async function startBroker(options: BrokerOptions): Promise<EmbeddedBroker> {
  const { mqtt, limits, intake, gate } = options
  const refused: Partial<Record<Refusal, number>> = {}
  const refuse = (refusal: Refusal, detail: string) => {
    refused[refusal] = (refused[refusal] ?? 0) + 1
    options.onRefused?.(refusal, detail)
  }
  const topic = makeSensorTopic(mqtt.topic)
  const broker = await Aedes.createBroker({
    drainTimeout: DRAIN_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
  })
  const budget = makeBudget(limits.inFlightBytes)
  const connections = makeConnections({ budget, onEnded: refuse })
  const onlookers = makeOnlookers(broker, topic.filter)
  const sessions = makeSessions(broker, mqtt.maxConnections * IDS_PER_CONNECTION)
  guard({ broker, connections, onlookers, sessions, topic, intake, users: mqtt.users, refuse })

  const server = net.createServer({
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
  })
  server.maxConnections = mqtt.maxConnections
  server.on('drop', () => refuse('too-many-connections', `${mqtt.maxConnections} are connected`))
  server.on('connection', (socket) => {
    const front = makeFront(socket, {
      topic,
      intake,
      gate,
      budget,
      payloadBytes: limits.payloadBytes,
      onPayload: onlookers.offer,
      onFault: refuse,
    })
    connections.add(socket, front)
    broker.handle(front.stream)
  })
  await listen(server, mqtt)

  return {
    host: mqtt.host,
    port: (server.address() as AddressInfo).port,
    publish: (name, payload, how) => publish(broker, name, payload, how),
    connections: connections.count,
    refused: () => refused,
    dropped: () => ({ onlookers: onlookers.skipped(), sessions: sessions.dropped() }),
    close: () => close(server, broker, connections),
  }
}

interface Guarded {
  readonly broker: Aedes
  readonly connections: Connections
  readonly onlookers: ReturnType<typeof makeOnlookers>
  readonly sessions: ReturnType<typeof makeSessions>
  readonly topic: ReturnType<typeof makeSensorTopic>
  readonly intake: Intake
  readonly users: MqttSettings['users']
  refuse(refusal: Refusal, detail: string): void
}

/** The rules at aedes's doors. */
function guard({ broker, connections, onlookers, sessions, topic, intake, users, refuse }: Guarded): void {
  const checkUser = makeCheckUser(users)
  broker.preConnect = (client, packet, done) => {
    connections.keepAlive(client.conn, packet.keepalive ?? 0)
    // aedes doesn't hear the readings; it would take their sender for dead.
    packet.keepalive = 0
    if (!packet.clientId || !sessions.keeps(packet.clientId)) packet.clean = true
    done(null, true)
  }
  broker.authenticate = (client, username, password, done) => {
    if (!checkUser(username, password)) {
      refuse('bad-credentials', `client ${client.id}`)
      done(Object.assign(new Error('bad user name or password'), { returnCode: 4 }), false)
    } else if (!sessions.owns(client, username)) {
      refuse('not-yours', `client id ${client.id} belongs to another user`)
      done(Object.assign(new Error('not authorized'), { returnCode: 5 }), false)
    } else done(null, true)
  }
  broker.on('clientReady', (client) => connections.ready(client.conn))
  broker.authorizeSubscribe = (client, subscription, done) => {
    const granted = onlookers.admit(client, subscription.topic)
    if (!granted) refuse('subscribe-denied', `client ${client.id}, ${subscription.topic}`)
    done(null, granted ? subscription : null)
  }
  // What comes here is not for the front: QoS 2, last wills, and topics that nobody may publish to.
  broker.authorizePublish = (client, packet, done) => {
    const asset = topic.asset(packet.topic)
    if (asset === null) {
      refuse('publish-denied', `client ${client?.id}, ${packet.topic}; readings go to ${topic.filter}`)
      done(new Error(`${packet.topic} is not a topic for readings`))
      return
    }
    packet.retain = false
    const run = intake.run()
    run.add(packet.topic, asset, Buffer.from(packet.payload))
    run.end(done)
  }
  const onError = (_client: unknown, error: Error) => refuse('protocol', error.message)
  broker.on('clientError', onError)
  broker.on('connectionError', onError)
}

function publish(
  broker: Aedes,
  topic: string,
  payload: Uint8Array,
  how: Parameters<Publish>[2],
): Promise<void> {
  return new Promise((resolve, reject) => {
    broker.publish({ cmd: 'publish', topic, payload: Buffer.from(payload), dup: false, ...how }, (error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}

function listen(server: net.Server, { host, port }: BrokerOptions['mqtt']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE' ? 'is taken; stop what listens there, or set mqtt.port' : error.message
      reject(failure('unavailable', `MQTT address ${host}:${port} ${why}`, error))
    })
    server.listen(port, host, resolve)
  })
}

async function close(server: net.Server, broker: Aedes, connections: Connections): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  connections.halt()
  for (
    let waitedMs = 0;
    connections.pending() > 0 && waitedMs < CLOSE_TIMEOUT_MS;
    waitedMs += CLOSE_POLL_MS
  ) {
    await new Promise((resolve) => setTimeout(resolve, CLOSE_POLL_MS))
  }
  await new Promise<void>((resolve) => broker.close(resolve))
  connections.destroy()
  await closed
}
