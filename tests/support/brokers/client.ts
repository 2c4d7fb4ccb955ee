/**
 * A client of the simulated brokers, in the place of `connectKafka`: the same port, so that everything above it is the
 * real adapter. Each request goes through `send` of the network, which may lose it, its answer, or the sender.
 */
import type { KafkaSettings } from '../../../src/config/settings.ts'
import { type KafkaClient, pause } from '../../../src/eventlog/kafka-client.ts'
import { isPassing, plainly } from '../../../src/eventlog/kafka-errors.ts'
import type { WireBroker, WirePool, WireRequest } from '../../../src/eventlog/kafka-protocol.ts'
import { wireError } from '../../../src/eventlog/kafka-wire.ts'
import type { Scheduler } from '../../../src/eventlog/scheduler.ts'
import { type Cluster, GROUP_MARK, NODES } from './cluster.ts'
import { CODE } from './code.ts'
import { deleteBefore, offsetAtTime, stableOf } from './partition.ts'

const EARLIEST = -2
const LATEST = -1
const API_NAMES: Readonly<Record<number, string>> = { 0: 'Produce', 1: 'Fetch', 3: 'Metadata' }

export interface Network {
  readonly cluster: Cluster
  readonly settings: KafkaSettings
  readonly scheduler: Scheduler
  /** Carries a request to the brokers and its answer back. Node: where it goes to. */
  send<T>(api: string, node: number, work: () => T | Promise<T>): Promise<T>
  /** Whether `persist` gives up after so many failures: its time would be over. */
  givesUp(failures: number): boolean
}

/** Drops what is under way when a connection ends. */
interface Connection {
  send<T>(api: string, node: number, work: () => T | Promise<T>): Promise<T>
  drop(error: Error): void
}

export function createSimulatedClient(network: Network): KafkaClient {
  const { cluster, settings, scheduler } = network
  const main = createConnection(network)
  const lines = new Set<Connection>()
  const brokers = new Map(NODES.map((node) => [node as number, brokerOf(cluster, main, node)]))
  let isClosed = false
  const leader = (topic: string, partition: number) => brokers.get(cluster.leaderOf(topic, partition))!

  const client: KafkaClient = {
    settings,
    scheduler,
    leader: async (topic, partition) => leader(topic, partition),
    coordinator: async (type) => brokers.get(NODES[type])!,
    broker: async () => brokers.get(NODES[0])!,
    partitionsOf: (topic) =>
      cluster.partitionsOf(topic).map(({ partition }) => ({
        partitionId: partition,
        leader: cluster.leaderOf(topic, partition),
        partitionErrorCode: 0,
      })),
    async line(topic, partition) {
      const connection = createConnection(network)
      lines.add(connection)
      if (isClosed) connection.drop(closedError())
      return poolOf(cluster, connection, cluster.leaderOf(topic, partition))
    },
    fetch: async (topic, partition, request) => leader(topic, partition).connectionPool.send(request),
    forget() {},
    async persist(doing, _withinMs, work) {
      for (let failures = 0; ; failures++) {
        try {
          return await work()
        } catch (error) {
          if (!isPassing(error) || isClosed || network.givesUp(failures)) throw client.explain(error, doing)
          await pause(scheduler, 1)
        }
      }
    },
    explain: (error, doing) => plainly(error, { ...doing, brokers: settings.brokers, user: null }),
    async close() {
      isClosed = true
      main.drop(closedError())
      for (const line of lines) line.drop(closedError())
    },
  }
  return client
}

/** As kafkajs says it when a socket ends. */
export function closedError(): Error {
  return Object.assign(new Error('closed'), { name: 'KafkaJSConnectionClosedError' })
}

function createConnection(network: Network): Connection {
  const pending = new Set<(error: Error) => void>()
  let dropped: Error | null = null
  return {
    send(api, node, work) {
      if (dropped !== null) return Promise.reject(dropped)
      return new Promise((resolve, reject) => {
        pending.add(reject)
        network
          .send(api, node, work)
          .then(resolve, reject)
          .finally(() => pending.delete(reject))
      })
    },
    drop(error) {
      dropped = error
      for (const reject of pending) reject(error)
      pending.clear()
    },
  }
}

function poolOf(cluster: Cluster, connection: Connection, node: number): WirePool {
  return {
    host: 'simulated',
    port: 9092 + node,
    rack: null,
    async send<Answer>({ request, response }: WireRequest<Answer>) {
      const { apiKey, encode } = request
      const { buffer } = await encode()
      const bytes = await connection.send(API_NAMES[apiKey] ?? `${apiKey}`, node, () =>
        cluster.answer(apiKey, buffer),
      )
      return response.parse(await response.decode(bytes))
    },
    map: (change) => [
      change({
        rejectRequests: (error) => connection.drop(error),
        disconnect: async () => connection.drop(closedError()),
      }),
    ],
    setVersions() {},
    setSupportAuthenticationProtocol() {},
  }
}

function brokerOf(cluster: Cluster, connection: Connection, node: number): WireBroker {
  const ask = <T>(api: string, work: () => T | Promise<T>) => connection.send(api, node, work)
  return {
    nodeId: node,
    connectionPool: poolOf(cluster, connection, node),
    versions: null,
    ...transactionRequests(cluster, ask),
    ...groupRequests(cluster, ask),
    ...logRequests(cluster, ask),
    findGroupCoordinator: async () => ({ coordinator: { nodeId: node } }),
  }
}

type Ask = <T>(api: string, work: () => T | Promise<T>) => Promise<T>

function transactionRequests({ transactions, holdPosition }: Cluster, ask: Ask) {
  return {
    initProducerId: ({ transactionalId }) =>
      ask('InitProducerId', () => transactions.init(transactionalId ?? null)),
    addPartitionsToTxn: ({ topics, ...of }) =>
      ask('AddPartitionsToTxn', () =>
        transactions.add(
          of,
          topics.flatMap(({ topic, partitions }) => partitions.map((partition) => `${topic}/${partition}`)),
        ),
      ),
    addOffsetsToTxn: ({ groupId, ...of }) =>
      ask('AddOffsetsToTxn', () => transactions.add(of, [`${GROUP_MARK}${groupId}`])),
    txnOffsetCommit: ({ groupId, topics, ...of }) =>
      ask('TxnOffsetCommit', () => {
        for (const { topic, partitions } of topics) {
          for (const { partition, ...position } of partitions) {
            holdPosition(of, groupId, `${topic}/${partition}`, position)
          }
        }
      }),
    endTxn: ({ transactionResult, ...of }) => ask('EndTxn', () => transactions.end(of, transactionResult)),
  } satisfies Partial<WireBroker>
}

function groupRequests(cluster: Cluster, ask: Ask) {
  const { group, positions } = cluster
  return {
    joinGroup: ({ groupId, memberId, groupProtocols }) =>
      ask('JoinGroup', () => group(groupId).join(memberId, groupProtocols[0]!.metadata)),
    syncGroup: ({ groupId, memberId, generationId, groupAssignment }) =>
      ask('SyncGroup', () => {
        const assigned = groupAssignment.map((one) => [one.memberId, one.memberAssignment] as const)
        return group(groupId).sync(memberId, generationId, new Map(assigned))
      }),
    heartbeat: ({ groupId, memberId, groupGenerationId }) =>
      ask('Heartbeat', () => group(groupId).beat(memberId, groupGenerationId)),
    leaveGroup: ({ groupId, memberId }) => ask('LeaveGroup', () => group(groupId).leave(memberId)),
    offsetFetch: ({ groupId, topics }) =>
      ask('OffsetFetch', () => ({
        responses: topics.map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition }) => {
            const name = `${topic}/${partition}`
            const found = positions(groupId).get(name)
            if (positions(groupId).isPending(name)) cluster.stale++
            return { partition, offset: found?.offset ?? '-1', metadata: found?.metadata ?? '' }
          }),
        })),
      })),
  } satisfies Partial<WireBroker>
}

function logRequests({ partition: find, createTopics, configs }: Cluster, ask: Ask) {
  const offsetAt = (topic: string, partition: number, timestamp: number, isolation: 0 | 1) => {
    const at = find(topic, partition)
    if (timestamp === EARLIEST) return at.start
    if (timestamp !== LATEST) return offsetAtTime(at, timestamp)
    return isolation === 0 ? at.end : stableOf(at)
  }
  return {
    listOffsets: ({ topics, isolationLevel }) =>
      ask('ListOffsets', () => ({
        responses: topics.map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition, timestamp }) => ({
            partition,
            offset: String(offsetAt(topic, partition, timestamp, isolationLevel)),
          })),
        })),
      })),
    deleteRecords: ({ topics }) =>
      ask('DeleteRecords', () => {
        for (const { topic, partitions } of topics) {
          for (const { partition, offset } of partitions) {
            if (Number(offset) > stableOf(find(topic, partition))) throw wireError(CODE.OFFSET_OUT_OF_RANGE)
            deleteBefore(find(topic, partition), Number(offset))
          }
        }
      }),
    createTopics: ({ topics }) => ask('CreateTopics', () => createTopics(topics)),
    describeConfigs: ({ resources }) =>
      ask('DescribeConfigs', () => ({
        resources: resources.map(({ name }) => ({
          resourceName: name,
          configEntries: [...(configs.get(name) ?? [])].map(([configName, configValue]) => ({
            configName,
            configValue,
          })),
        })),
      })),
  } satisfies Partial<WireBroker>
}
