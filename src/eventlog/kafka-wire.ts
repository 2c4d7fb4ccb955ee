/**
 * The one place that knows kafkajs (2.2.4, pinned): its cluster of brokers, which brings connections, TLS, SASL,
 * metadata, groups and requests by version. What lies above that in kafkajs (producer, consumer, transactions) is
 * not used: decision 0005 has the reasons, measured. The package stands still since 2023 and is pinned; the tests run it
 * against real brokers.
 */
import { createRequire } from 'node:module'
import net from 'node:net'
import tls from 'node:tls'
import type { ClusterOptions, Metadata, WireCluster, WireRequest } from './kafka-protocol.ts'

const require = createRequire(import.meta.url)

/** kafkajs's own retries: few and short; who calls knows better whether trying again is safe. */
const RETRY = { retries: 2, initialRetryTime: 50, maxRetryTime: 500, factor: 0, multiplier: 2 }
/** Keeps idle connections known to firewalls. */
const KEEP_ALIVE_MS = 60_000
/** How often a connection looks for requests that have taken too long. */
const TIMEOUT_LOOK_MS = 1000

type Cluster = new (options: object) => WireCluster
type Assignment = Readonly<Record<string, readonly number[]>>

const Cluster: Cluster = require('kafkajs/src/cluster/index.js')
const { createLogger }: { createLogger(options: object): unknown } = require('kafkajs/src/loggers/index.js')
const protocol: {
  MemberMetadata: {
    encode(metadata: { version: number; topics: readonly string[]; userData: Buffer }): Buffer
    decode(bytes: Buffer): { readonly topics: readonly string[]; readonly userData: Buffer | null }
  }
  MemberAssignment: {
    encode(assigned: { version: number; assignment: Assignment }): Buffer
    decode(bytes: Buffer): { readonly assignment: Assignment } | null
  }
} = require('kafkajs/src/consumer/assignerProtocol.js')
const {
  createErrorFromCode,
}: { createErrorFromCode(code: number): Error } = require('kafkajs/src/protocol/error.js')

const {
  requests,
}: {
  requests: { Metadata: { protocol(of: { version: number }): MetadataProtocol } }
} = require('kafkajs/src/protocol/requests/index.js')

type MetadataProtocol = (asked: {
  topics: readonly string[]
  allowAutoTopicCreation: false
}) => WireRequest<Metadata>

/** Of Kafka 2.0 and later. */
const METADATA_VERSION = 6

export const { MemberMetadata, MemberAssignment } = protocol

/** Topics as they are now. (kafkajs's own throws the first error of any, and tells nothing of the others.) */
export function metadataRequest(topics: readonly string[]): WireRequest<Metadata> {
  const make = requests.Metadata.protocol({ version: METADATA_VERSION })
  const { request, response } = make({ topics, allowAutoTopicCreation: false })
  return {
    request,
    response: { decode: (bytes) => response.decode(bytes), parse: async (metadata) => metadata },
  }
}

/** kafkajs's error for an error code of the protocol. */
export const wireError: (code: number) => Error = createErrorFromCode

/** Every socket of a cluster, for whoever must close it at once; none is opened once it is closed. */
export interface Sockets {
  readonly open: Set<net.Socket>
  closed: boolean
}

/** A cluster that is not connected yet. */
export function createCluster(options: ClusterOptions, sockets: Sockets): WireCluster {
  mendKafkajs()
  return new Cluster({
    brokers: [...options.brokers],
    clientId: options.clientId,
    ssl: options.tls,
    sasl: options.sasl,
    connectionTimeout: options.connectTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    authenticationTimeout: options.requestTimeoutMs,
    metadataMaxAge: Number.MAX_SAFE_INTEGER,
    allowAutoTopicCreation: false,
    isolationLevel: 1,
    retry: RETRY,
    // What matters reaches the caller as an error; kafkajs would log it once more for every attempt.
    logger: createLogger({ level: 0, logCreator: () => () => undefined }),
    socketFactory: (place: SocketPlace) => openSocket(place, sockets),
  })
}

interface SocketPlace {
  readonly host: string
  readonly port: number
  readonly ssl: ClusterOptions['tls']
  readonly onConnect: () => void
}

function openSocket({ host, port, ssl, onConnect }: SocketPlace, sockets: Sockets): net.Socket {
  if (sockets.closed) throw new Error('the connection to Kafka is closed')
  const name = net.isIP(host) === 0 ? { servername: host } : {}
  const socket =
    ssl === null
      ? net.connect({ host, port }, onConnect)
      : tls.connect({ host, port, ...name, ...ssl }, onConnect)
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  socket.setNoDelay(true)
  sockets.open.add(socket)
  socket.on('close', () => {
    sockets.open.delete(socket)
    // kafkajs disconnects what is disconnected at every failed attempt, and each time `unref` would leave a listener.
    socket.unref = () => socket
  })
  return socket
}

interface RequestQueue {
  readonly pending: readonly unknown[]
  readonly inflight: ReadonlyMap<number, { sentAt: number; requestTimeout: number; timeoutRequest(): void }>
  readonly throttledUntil: number
  enforceRequestTimeout: boolean
  requestTimeoutIntervalId: NodeJS.Timeout
  isConnected(): boolean
  destroy(): void
  scheduleCheckPendingRequests(): void
  scheduleRequestTimeoutCheck(): void
}

let isMended = false

/** Changes, once, what in kafkajs is at fault or dear. The tests of the adapter fail or the figures of 0005 change without. */
function mendKafkajs(): void {
  if (isMended) return
  isMended = true
  quietRequestQueues()
  connectOnce()
}

/**
 * kafkajs looks for waiting requests 900 times a second when none waits (its timer is set with a negative time), and
 * for late answers ten times a second and connection. Both cost a core's percents for nothing.
 */
function quietRequestQueues(): void {
  const { prototype }: { prototype: RequestQueue } = require('kafkajs/src/network/requestQueue/index.js')
  const schedule = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this)
  }
  prototype.scheduleRequestTimeoutCheck = function (this: RequestQueue) {
    this.destroy()
    this.requestTimeoutIntervalId = setInterval(() => {
      const now = Date.now()
      for (const request of this.inflight.values()) {
        if (now - request.sentAt > request.requestTimeout) request.timeoutRequest()
      }
      if (!this.isConnected()) this.destroy()
    }, TIMEOUT_LOOK_MS)
  }
}

interface Connection {
  readonly connectionTimeout: number
  readonly broker: string
  connecting?: Promise<unknown> | undefined
  connect(): Promise<unknown>
}

/**
 * Requests that find a connection closed each open a socket of their own in kafkajs, and write into one that is still
 * being opened; a socket that ends before it is open leaves its opener waiting for ever. Here they share one attempt.
 */
function connectOnce(): void {
  const { prototype }: { prototype: Connection } = require('kafkajs/src/network/connection.js')
  const connect = prototype.connect
  prototype.connect = function (this: Connection) {
    this.connecting ??= withDeadline(connect.call(this), this).finally(() => {
      this.connecting = undefined
    })
    return this.connecting
  }
}

function withDeadline(
  attempt: Promise<unknown>,
  { connectionTimeout, broker }: Connection,
): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    const late = () =>
      reject(Object.assign(new Error(`no connection to ${broker}`), { name: 'KafkaJSConnectionError' }))
    timer = setTimeout(late, connectionTimeout + TIMEOUT_LOOK_MS)
  })
  return Promise.race([attempt, deadline]).finally(() => clearTimeout(timer))
}
