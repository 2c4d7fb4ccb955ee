/**
 * The event log on Kafka: many machines, consumer groups, transactions. This file puts the parts together; decision 0005
 * tells which hazards of the client they meet, and how.
 */
import type { KafkaSettings } from '../config/settings.ts'
import { failure } from '../core/errors.ts'
import type { EventLog, ExclusiveWork, Follower, FollowOptions, NewRecord } from '../core/ports.ts'
import type { TopicNames } from '../core/topics.ts'
import { type ExclusiveLog, workExclusively } from './exclusive.ts'
import { checkOptions } from './follower.ts'
import { type Appends, createAppends } from './kafka-append.ts'
import { connectKafka, type KafkaClient, lazily } from './kafka-client.ts'
import { checkCompression } from './kafka-codecs.ts'
import { createKafkaFollower, type FollowerParts } from './kafka-follower.ts'
import { createMember } from './kafka-member.ts'
import { createOwner } from './kafka-owner.ts'
import { statesOf } from './kafka-partition.ts'
import { createReads, type Reads } from './kafka-reads.ts'
import { retainOnce } from './kafka-retention.ts'
import { type KafkaTopics, setUpTopics } from './kafka-topics.ts'
import { createTransactions } from './kafka-transaction.ts'
import { createTroubles, type Troubles } from './kafka-troubles.ts'
import { createLeases } from './leases.ts'
import { type Retained, TOMBSTONE_MS } from './retention.ts'
import { route, specOf, type TopicTable, topicTable } from './route.ts'
import { type Scheduler, systemScheduler } from './scheduler.ts'

export interface KafkaLogOptions {
  readonly kafka: KafkaSettings
  readonly partitions: number
  readonly topics: TopicNames
  /** Group that the readings wait for. */
  readonly group: string
  readonly retentionMs: number
  /** Only read: makes no topic, takes no append. */
  readonly readOnly?: boolean
  /** Epoch ms. */
  readonly now?: () => number
  /** Of the followers: back-off and gathering. */
  readonly scheduler?: Scheduler
  /** Instead of the brokers in `kafka`: those of the deterministic simulation. */
  readonly connect?: (topics: readonly string[]) => Promise<KafkaClient>
}

export interface KafkaLog extends EventLog {
  /** One round of retention at `nowMs`. */
  retain(nowMs: number): Promise<Retained>
  /** Committed position of a group in each partition of a topic; `null` where there is none. */
  positions(group: string, topic: string): Promise<readonly (number | null)[]>
}

/** Everything of an open log. */
interface Kafka {
  readonly options: KafkaLogOptions
  readonly table: TopicTable
  readonly topics: KafkaTopics
  /** For all who read. */
  readonly reader: KafkaClient
  readonly reads: Reads
  readonly appends: Appends
  readonly troubles: Troubles
  readonly followers: Set<Follower>
  readonly now: () => number
  closed: boolean
}

/**
 * Connects, and makes or checks the topics. Fails with `log-unavailable` (no broker), `config` (address, TLS, user,
 * rights, topics: the message says which), or, read-only, `not-found`.
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<KafkaLog> {
  const { kafka, now = Date.now } = options
  checkCompression(kafka.compression)
  const table = topicTable(options.topics)
  const topics = await prepareTopics(options, table)
  const connect = () => connectTo(options, [...table.keys()])
  const reader = await connect()
  const troubles = createTroubles(() => performance.now())
  const appends = createAppends({
    connection: lazily(connect),
    compression: kafka.compression,
    troubles,
    mostBytes: topics.mostBytes,
    now,
  })
  const reads = createReads({ client: reader, table, partitions: topics.partitions })
  const followers = new Set<Follower>()
  return logOf({ options, table, topics, reader, reads, appends, troubles, followers, now, closed: false })
}

function connectTo({ kafka, connect }: KafkaLogOptions, topics: readonly string[]): Promise<KafkaClient> {
  return connect === undefined ? connectKafka(kafka, topics, systemScheduler) : connect(topics)
}

async function prepareTopics(options: KafkaLogOptions, table: TopicTable): Promise<KafkaTopics> {
  const { partitions, topics, retentionMs, readOnly = false } = options
  const client = await connectTo(options, [])
  try {
    return await setUpTopics(client, {
      table,
      readings: topics.readings,
      partitions,
      retentionMs,
      readOnly,
    })
  } finally {
    await client.close()
  }
}

function logOf(kafka: Kafka): KafkaLog {
  const { topics, reader, reads, appends, troubles, followers } = kafka
  const parts = followerParts(kafka)
  const ifOpen =
    <Args extends readonly unknown[], Answer>(answer: (...args: Args) => Answer) =>
    (...args: Args) => {
      checkOpen(kafka)
      return answer(...args)
    }
  return {
    partitions: topics.partitions,
    append: (records) => append(kafka, records),
    follow(followOptions) {
      checkFollow(kafka, followOptions)
      const follower = createKafkaFollower(parts, followOptions, () => followers.delete(follower))
      followers.add(follower)
      return follower
    },
    exclusively: (name, partition, work) => exclusively(kafka, parts, name, partition, work),
    read: ifOpen(reads.read),
    bounds: async (topic) => ifOpen(reads.bounds)(topic),
    positions: async (group, topic) => ifOpen(reads.positions)(group, topic),
    retain: (nowMs) => retain(kafka, nowMs),
    trouble: () => troubles.worst(),
    async close() {
      if (kafka.closed) return
      await Promise.all([...followers].map((follower) => follower.stop()))
      kafka.closed = true
      await Promise.all([reader.close(), appends.close()])
    },
  }
}

/** Without a membership: the transactional id of the name and partition shuts out whoever did this before. */
async function exclusively(
  kafka: Kafka,
  parts: FollowerParts,
  name: string,
  partition: number,
  work: ExclusiveWork,
): Promise<void> {
  checkOpen(kafka)
  if (kafka.options.readOnly) throw readOnly('write as the only one')
  const stateTopic = kafka.options.topics.state
  const { owner, close } = parts.own(name, stateTopic, partition, async () => {})
  const log: ExclusiveLog = {
    partitions: parts.partitions,
    committed: () => owner.acquire(),
    states: (from) => statesOf(parts.client, stateTopic, from),
    commit: (commit) => owner.commit(commit),
    lease: (group, topic, at, granted) => parts.lease(`${group}\n${topic}\n${at}`, granted),
  }
  try {
    await workExclusively(log, stateTopic, name, partition, work)
    await owner.untilSeen()
  } finally {
    await close()
  }
}

async function append(kafka: Kafka, records: readonly NewRecord[]) {
  const { options, table, topics, reads, appends } = kafka
  checkOpen(kafka)
  if (options.readOnly) throw readOnly('append')
  const slices = route(records, table, topics.partitions)
  await reads.endsKnown()
  return appends.append(slices, records.length)
}

async function retain(kafka: Kafka, nowMs: number): Promise<Retained> {
  const { options, table, reader: client, reads } = kafka
  checkOpen(kafka)
  const { group, retentionMs } = options
  const { readings } = options.topics
  reads.hideTombstonesBefore(nowMs - TOMBSTONE_MS)
  return retainOnce({ client, table, readings, group, retentionMs }, nowMs)
}

function followerParts(kafka: Kafka): FollowerParts {
  const { options, table, topics, reader, troubles, now } = kafka
  const { scheduler = systemScheduler } = options
  const { partitions, mostBytes } = topics
  const leases = createLeases()
  return {
    client: reader,
    partitions,
    table,
    stateTopic: options.topics.state,
    troubles,
    scheduler,
    lease: (name, granted) => leases.acquire(name, granted),
    async join(group, topic, assigned, onError) {
      const client = await connectTo(options, [topic])
      return createMember({ client, group, topic, partitions, troubles, assigned, onError })
    },
    own(group, topic, partition, confirm) {
      const connection = lazily(() => connectTo(options, [...table.keys()]))
      const transactions = createTransactions({
        connect: connection.get,
        transactionalId: `${group}-${topic}-${partition}`,
        compression: options.kafka.compression,
        mostBytes,
        now,
      })
      const stateTopic = options.topics.state
      const owner = createOwner({
        client: reader,
        transactions,
        group,
        topic,
        partition,
        table,
        stateTopic,
        partitions,
        confirm,
      })
      return { owner, close: () => connection.close() }
    },
  }
}

function checkFollow(kafka: Kafka, options: FollowOptions): void {
  checkOpen(kafka)
  specOf(kafka.table, options.topic)
  checkOptions(kafka.topics, options)
  if (kafka.options.readOnly && options.group !== null) throw readOnly('commit as a group')
}

function checkOpen({ closed }: Kafka): void {
  if (closed) throw failure('unavailable', 'the log is closed')
}

function readOnly(what: string) {
  return failure('usage', `the log is open for reading only, it can't ${what}`)
}
