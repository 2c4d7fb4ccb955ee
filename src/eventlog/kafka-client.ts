/**
 * A connected client of a Kafka cluster: which broker leads a partition or coordinates a group, learned anew when a
 * broker says that it is not the one. Each task has a client of its own (appending, reading, each owned partition), as
 * a broker answers the requests of one connection one after another.
 */
import { readFileSync } from 'node:fs'
import type { KafkaSettings } from '../config/settings.ts'
import { failure, messageOf } from '../core/errors.ts'
import { type Doing, isPassing, plainly } from './kafka-errors.ts'
import type {
  ClusterOptions,
  CoordinatorType,
  PartitionMetadata,
  WireBroker,
  WirePool,
  WireRequest,
} from './kafka-protocol.ts'
import { createCluster, type Sockets } from './kafka-wire.ts'
import { type BackOff, backOffMs, type Scheduler } from './scheduler.ts'

/** Waits between attempts where an error passes by itself. */
const RETRY: BackOff = { firstMs: 10, mostMs: 500 }
/** A broker that is there takes a connection within this time. */
const CONNECT_WITHIN_MS = 5000

export interface KafkaClient {
  readonly settings: KafkaSettings
  readonly scheduler: Scheduler
  /** The broker that leads a partition. */
  leader(topic: string, partition: number): Promise<WireBroker>
  /** The broker that coordinates a group (0) or a transactional id (1). */
  coordinator(type: CoordinatorType, id: string): Promise<WireBroker>
  /** Any broker. */
  broker(): Promise<WireBroker>
  /** Partitions of a topic as last learned. */
  partitionsOf(topic: string): readonly PartitionMetadata[]
  /** A connection of its own to the leader of a partition, for fetches that wait. */
  line(topic: string, partition: number): Promise<WirePool>
  /** Sends on the connection for fetches, which all readers of this client share. */
  fetch<Answer>(topic: string, partition: number, request: WireRequest<Answer>): Promise<Answer>
  /** What was known of leaders and coordinators may be wrong. */
  forget(): void
  /**
   * Runs `work` again while its error passes by itself, at most for `withinMs`.
   * @throws Failure in plain words
   */
  persist<Result>(
    doing: Pick<Doing, 'what' | 'right'>,
    withinMs: number,
    work: () => Promise<Result>,
  ): Promise<Result>
  /** An error in plain words. */
  explain(error: unknown, doing: Pick<Doing, 'what' | 'right'>): Error
  /** Drops all connections at once; requests under way fail. */
  close(): Promise<void>
}

/**
 * @param topics whose leaders are to be known; none: only brokers are
 * @throws Failure that says why the brokers can't be reached or don't let us in
 */
export async function connectKafka(
  settings: KafkaSettings,
  topics: readonly string[],
  scheduler: Scheduler,
): Promise<KafkaClient> {
  const sockets: Sockets = { open: new Set(), closed: false }
  const cluster = createCluster(clusterOptions(settings), sockets)
  const coordinators = new Map<string, number>()
  let isStale = false
  let relearning: Promise<void> | null = null

  async function relearn(): Promise<void> {
    relearning ??= cluster.refreshMetadata().finally(() => {
      relearning = null
    })
    await relearning
    isStale = false
  }

  async function leader(topic: string, partition: number): Promise<WireBroker> {
    if (isStale) await relearn()
    const found = cluster.findTopicPartitionMetadata(topic).find((one) => one.partitionId === partition)
    if (found === undefined || found.leader < 0) {
      isStale = true
      throw Object.assign(new Error(`${topic}/${partition} has no leader`), { type: 'LEADER_NOT_AVAILABLE' })
    }
    return cluster.findBroker({ nodeId: found.leader })
  }

  const client: KafkaClient = {
    settings,
    scheduler,
    leader,
    broker: () => cluster.brokerPool.findConnectedBroker(),
    async coordinator(type, id) {
      const name = `${type}/${id}`
      let nodeId = coordinators.get(name)
      if (nodeId === undefined) {
        const found = await (await client.broker()).findGroupCoordinator({
          groupId: id,
          coordinatorType: type,
        })
        nodeId = found.coordinator.nodeId
        coordinators.set(name, nodeId)
      }
      return cluster.findBroker({ nodeId })
    },
    partitionsOf: (topic) => cluster.findTopicPartitionMetadata(topic),
    async line(topic, partition) {
      const { connectionPool, versions } = await leader(topic, partition)
      const { host, port, rack } = connectionPool
      const pool = await cluster.connectionPoolBuilder.build({ host, port, rack })
      pool.setVersions(versions)
      pool.setSupportAuthenticationProtocol(true)
      return pool
    },
    async fetch(topic, partition, request) {
      const { connectionPool } = await leader(topic, partition)
      return connectionPool.send(request)
    },
    forget() {
      isStale = true
      coordinators.clear()
    },
    async persist(doing, withinMs, work) {
      const deadline = performance.now() + withinMs
      for (let failures = 0; ; failures++) {
        try {
          return await work()
        } catch (error) {
          client.forget()
          if (!isPassing(error) || sockets.closed || performance.now() >= deadline) {
            throw client.explain(error, doing)
          }
          await pause(scheduler, backOffMs(RETRY, failures))
        }
      }
    },
    explain: (error, doing) =>
      plainly(error, { ...doing, brokers: settings.brokers, user: settings.sasl?.username ?? null }),
    async close() {
      sockets.closed = true
      for (const socket of sockets.open) socket.destroy(new Error('closed'))
      await cluster.disconnect()
    },
  }
  try {
    await client.persist({ what: 'connecting' }, settings.requestTimeoutMs, async () => {
      await cluster.connect()
      if (topics.length > 0) await cluster.addMultipleTargetTopics(topics)
    })
    return client
  } catch (error) {
    await client.close()
    throw error
  }
}

/** A client that is connected when it is first needed. */
export interface LazyClient {
  get(): Promise<KafkaClient>
  close(): Promise<void>
}

export function lazily(connect: () => Promise<KafkaClient>): LazyClient {
  let client: Promise<KafkaClient> | null = null
  return {
    get() {
      client ??= connect().catch((error: unknown) => {
        client = null
        throw error
      })
      return client
    },
    async close() {
      const connected = await Promise.allSettled(client === null ? [] : [client])
      for (const one of connected) if (one.status === 'fulfilled') await one.value.close()
    },
  }
}

/** Lets `ms` pass. */
export function pause(scheduler: Scheduler, ms: number): Promise<void> {
  return new Promise((resolve) => {
    scheduler.after(ms, resolve)
  })
}

function clusterOptions(settings: KafkaSettings): ClusterOptions {
  const { brokers, clientId, ssl, sasl, requestTimeoutMs } = settings
  return {
    brokers,
    clientId,
    tls: ssl && {
      ...(ssl.ca === null ? {} : { ca: readPem('ca', ssl.ca) }),
      ...(ssl.cert === null ? {} : { cert: readPem('cert', ssl.cert) }),
      ...(ssl.key === null ? {} : { key: readPem('key', ssl.key) }),
    },
    sasl: sasl && { ...sasl },
    connectTimeoutMs: CONNECT_WITHIN_MS,
    requestTimeoutMs,
  }
}

function readPem(name: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw failure('config', `log.kafka.ssl.${name}: can't read ${file}: ${messageOf(error)}`, error)
  }
}
