/**
 * Kafka brokers in memory, as pure state behind their requests, for the deterministic simulation of the Kafka adapter.
 * What takes time at real brokers (markers, sessions, timeouts) is handed to `later`.
 *
 * Modelled, as Kafka 4 answers a client without `transaction.version=2`: producer ids and epochs, sequence numbers and
 * duplicates, transactions that a partition checks with their coordinator before their first batch, markers that come
 * after EndTxn is answered, one by one; CONCURRENT_TRANSACTIONS until the last stands; the last stable offset and
 * aborted transactions in a fetch; positions that are pending while OffsetFetch answers the old ones; the transaction
 * timeout; groups of the classic protocol; retention by DeleteRecords; compaction of whole batches; answers cut short.
 * Not modelled: replicas (what a broker took it keeps), a coordinator that moves with its state, rights, quotas.
 */
import type { NewTopic, TransactionOf } from '../../../src/eventlog/kafka-protocol.ts'
import { wireError } from '../../../src/eventlog/kafka-wire.ts'
import { CODE } from './code.ts'
import { createGroup, type Group } from './group.ts'
import {
  appendBatch,
  type BrokerPartition,
  createPartition,
  fetchFrom,
  stableOf,
  writeMarker,
} from './partition.ts'
import { createPositions, type Positions, type StoredPosition } from './positions.ts'
import { type Coordinator, createCoordinator } from './transactions.ts'
import { readFetch, readMetadata, readProduce, writeFetched, writeMetadata, writeProduced } from './wire.ts'

const PRODUCE = 0
const FETCH = 1
const METADATA = 3
/** Every other partition is led by the second broker. */
export const NODES = [1, 2] as const

export interface ClusterOptions {
  later(task: () => void): void
  /** Batches that a fetch answers at most. */
  fetchBatches(): number
  /** Mutation: a producer may use its sequence numbers again. */
  readonly ignoreSequences: boolean
}

export interface Cluster {
  readonly transactions: Coordinator
  /** Topic → its settings. */
  readonly configs: ReadonlyMap<string, ReadonlyMap<string, string>>
  createTopics(topics: readonly NewTopic[]): void
  partitionsOf(topic: string): readonly BrokerPartition[]
  /** @throws UNKNOWN_TOPIC */
  partition(topic: string, partition: number): BrokerPartition
  leaderOf(topic: string, partition: number): number
  group(id: string): Group
  positions(group: string): Positions
  holdPosition(of: TransactionOf, group: string, name: string, position: StoredPosition): void
  /** A request that the adapter encodes itself, and the bytes of its answer; a fetch at the end waits. */
  answer(apiKey: number, body: Buffer): Promise<Buffer>
  all(): readonly BrokerPartition[]
  /** Answers to OffsetFetch while a newer position was pending. */
  stale: number
}

export function createCluster(options: ClusterOptions): Cluster {
  const topics = new Map<string, BrokerPartition[]>()
  const configs = new Map<string, Map<string, string>>()
  const groups = new Map<string, Group>()
  const positions = new Map<string, Positions>()
  const transactions = createCoordinator(options.later, (touched, { producerId, epoch, isCommit }) => {
    if (touched.startsWith(GROUP_MARK))
      cluster.positions(touched.slice(GROUP_MARK.length)).end(producerId, epoch, isCommit)
    else {
      const slash = touched.lastIndexOf('/')
      const partition = cluster.partition(touched.slice(0, slash), Number(touched.slice(slash + 1)))
      writeMarker(partition, BigInt(producerId), epoch, isCommit)
    }
  })
  const cluster: Cluster = {
    transactions,
    configs,
    createTopics(made) {
      for (const { topic, numPartitions, configEntries } of made) {
        if (topics.has(topic)) throw wireError(CODE.TOPIC_ALREADY_EXISTS)
        topics.set(
          topic,
          Array.from({ length: numPartitions }, (_, partition) => createPartition(topic, partition)),
        )
        configs.set(topic, new Map(configEntries.map(({ name, value }) => [name, value])))
      }
    },
    partitionsOf: (topic) => topics.get(topic) ?? [],
    partition(topic, partition) {
      const found = topics.get(topic)?.[partition]
      if (found === undefined) throw wireError(CODE.UNKNOWN_TOPIC)
      return found
    },
    leaderOf: (topic, partition) => NODES[(topic.length + partition) % NODES.length]!,
    group: (id) => kept(groups, id, () => createGroup(options.later)),
    positions: (id) =>
      kept(positions, id, () =>
        createPositions((producerId, epoch) => transactions.verify(producerId, epoch, `${GROUP_MARK}${id}`)),
      ),
    holdPosition({ producerId, producerEpoch }, group, name, position) {
      const errorCode = cluster.positions(group).hold(producerId, producerEpoch, name, position)
      if (errorCode !== 0) throw wireError(errorCode)
    },
    async answer(apiKey, body) {
      if (apiKey === PRODUCE) return produce(cluster, options, body)
      if (apiKey === FETCH) return fetch(cluster, options, body)
      if (apiKey === METADATA) return metadata(cluster, body)
      throw new Error(`the simulated brokers know no request ${apiKey}`)
    },
    all: () => [...topics.values()].flat(),
    stale: 0,
  }
  return cluster
}

/** Before the name of a group among what a transaction touches. */
export const GROUP_MARK = 'group '

function kept<T>(all: Map<string, T>, name: string, make: () => T): T {
  const found = all.get(name) ?? make()
  all.set(name, found)
  return found
}

function produce(
  { partition, transactions }: Cluster,
  { ignoreSequences }: ClusterOptions,
  body: Buffer,
): Buffer {
  const { batches } = readProduce(body)
  return writeProduced(
    batches.map(({ topic, partition: number, bytes }) => {
      const verify = (producerId: bigint, epoch: number) =>
        transactions.verify(String(producerId), epoch, `${topic}/${number}`)
      const answer = appendBatch(partition(topic, number), bytes, { verify, ignoreSequences })
      return { topic, partition: number, ...answer }
    }),
  )
}

async function fetch(
  { partition }: Cluster,
  { fetchBatches }: ClusterOptions,
  body: Buffer,
): Promise<Buffer> {
  const asked = readFetch(body)
  const at = partition(asked.topic, asked.partition)
  const none = { aborted: [], bytes: Buffer.alloc(0) }
  const isInside = () => asked.offset >= at.start && asked.offset <= at.end
  if (asked.maxWaitMs > 0) {
    while (isInside() && asked.offset >= stableOf(at)) {
      await new Promise<void>((resolve) => {
        at.waiting.add(resolve)
      })
    }
  }
  const errorCode = isInside() ? 0 : CODE.OFFSET_OUT_OF_RANGE
  const found = errorCode === 0 ? fetchFrom(at, asked.offset, fetchBatches()) : none
  return writeFetched(asked, { errorCode, end: at.end, stable: stableOf(at), start: at.start, ...found })
}

function metadata({ partitionsOf, leaderOf }: Cluster, body: Buffer): Buffer {
  const topics = readMetadata(body).map((topic) => ({
    topic,
    errorCode: partitionsOf(topic).length === 0 ? CODE.UNKNOWN_TOPIC : 0,
    leaders: partitionsOf(topic).map(({ partition }) => leaderOf(topic, partition)),
  }))
  return writeMetadata({ nodes: NODES, topics })
}
