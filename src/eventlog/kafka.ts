/**
 * The event log on Kafka: many machines, consumer groups, transactions. This file puts the parts together; decision 0005
 * tells which hazards of the client they meet, and how.
 */
import type { KafkaSettings } from '../config/settings.ts'
import { failure } from '../core/errors.ts'
import type { Bounds, EventLog, Follower, FollowOptions, LogRecord, NewRecord } from '../core/ports.ts'
import type { TopicNames } from '../core/topics.ts'
import { checkOptions } from './follower.ts'
import { type Appends, createAppends } from './kafka-append.ts'
import { connectKafka, type KafkaClient } from './kafka-client.ts'
import { checkCompression } from './kafka-codecs.ts'
import { createKafkaFollower, type FollowerParts } from './kafka-follower.ts'
import { createMember } from './kafka-member.ts'
import { boundsOf, LATEST, offsetsAt } from './kafka-offsets.ts'
import { createOwner } from './kafka-owner.ts'
import { chunksOf, latestPerKey, readCommitted } from './kafka-range.ts'
import { retainOnce } from './kafka-retention.ts'
import { type MessageLimits, setUpTopics } from './kafka-topics.ts'
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
}

export interface KafkaLog extends EventLog {
  /** One round of retention at `nowMs`. */
  retain(nowMs: number): Promise<Retained>
}

/** Everything of an open log. */
interface Kafka {
  readonly options: KafkaLogOptions
  readonly table: TopicTable
  readonly limits: MessageLimits
  /** Ranges, bounds, positions, and what followers read. */
  readonly reader: KafkaClient
  readonly writer: KafkaClient
  readonly appends: Appends
  readonly troubles: Troubles
  readonly followers: Set<Follower>
  /** Ends that a `read` has asked for and not heard yet: an append of ours waits, as it must not be seen by that read. */
  readonly endsAsked: Set<Promise<unknown>>
  readonly now: () => number
  /** Epoch ms; as of the last round of retention. */
  tombstonesBeforeMs: number
  closed: boolean
}

/**
 * Connects, and makes or checks the topics. Fails with `log-unavailable` (no broker), `config` (address, TLS, user,
 * rights, topics: the message says which), or, read-only, `not-found`.
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<KafkaLog> {
  const { kafka, topics, now = Date.now } = options
  checkCompression(kafka.compression)
  const table = topicTable(topics)
  const limits = await prepareTopics(options, table)
  const names = [...table.keys()]
  const reader = await connectKafka(kafka, names, systemScheduler)
  const writer = await connectKafka(kafka, names, systemScheduler)
  const troubles = createTroubles(() => performance.now())
  const appends = createAppends({
    client: writer,
    compression: kafka.compression,
    troubles,
    mostBytes: (topic) => limits.get(topic)!,
    now,
  })
  const followers = new Set<Follower>()
  const endsAsked = new Set<Promise<unknown>>()
  return logOf({
    options,
    table,
    limits,
    reader,
    writer,
    appends,
    troubles,
    followers,
    endsAsked,
    now,
    tombstonesBeforeMs: Number.NEGATIVE_INFINITY,
    closed: false,
  })
}

async function prepareTopics(options: KafkaLogOptions, table: TopicTable): Promise<MessageLimits> {
  const { kafka, partitions, topics, retentionMs, readOnly = false } = options
  const client = await connectKafka(kafka, [], systemScheduler)
  try {
    return await setUpTopics(client, {
      table,
      readings: topics.readings,
      partitions,
      retentionMs,
      make: !readOnly,
    })
  } finally {
    await client.close()
  }
}

function logOf(kafka: Kafka): KafkaLog {
  const { options, reader, troubles, followers } = kafka
  const parts = followerParts(kafka)
  return {
    partitions: options.partitions,
    append: (records) => append(kafka, records),
    follow(followOptions) {
      checkFollow(kafka, followOptions)
      const follower = createKafkaFollower(parts, followOptions, () => followers.delete(follower))
      followers.add(follower)
      return follower
    },
    read: (topic, partition, from, to) => read(kafka, topic, partition, from, to),
    bounds: (topic) => bounds(kafka, topic),
    retain: (nowMs) => retain(kafka, nowMs),
    trouble: () => troubles.worst(),
    async close() {
      if (kafka.closed) return
      await Promise.all([...followers].map((follower) => follower.stop()))
      kafka.closed = true
      kafka.appends.close()
      await Promise.all([reader.close(), kafka.writer.close()])
    },
  }
}

async function append(kafka: Kafka, records: readonly NewRecord[]) {
  const { options, table, endsAsked, appends } = kafka
  checkOpen(kafka)
  if (options.readOnly) throw readOnly('append')
  const slices = route(records, table, options.partitions)
  if (endsAsked.size > 0) await Promise.allSettled(endsAsked)
  return appends.append(slices, records.length)
}

function read(
  kafka: Kafka,
  topic: string,
  partition: number,
  from: number,
  to: number | undefined,
): AsyncGenerator<readonly LogRecord[]> {
  const { reader, table, endsAsked } = kafka
  checkOpen(kafka)
  const { cleanup } = specOf(table, topic)
  checkPartition(kafka, topic, partition)
  const asked = offsetsAt(reader, topic, LATEST, [partition])
  endsAsked.add(asked)
  const heard = () => {
    endsAsked.delete(asked)
  }
  asked.then(heard, heard)
  return (async function* () {
    const end = Math.min(to ?? Number.POSITIVE_INFINITY, (await asked).get(partition)!)
    if (cleanup === 'delete') yield* readCommitted(reader, topic, partition, from, end)
    else yield* chunksOf(await latestOf(kafka, topic, partition, from, end), end)
  })()
}

function latestOf(kafka: Kafka, topic: string, partition: number, from: number, to: number) {
  return latestPerKey(kafka.reader, topic, partition, from, to, kafka.tombstonesBeforeMs)
}

/** Of a compacted topic the start is that of its latest records: those before may be gone at any moment. */
async function bounds(kafka: Kafka, topic: string): Promise<readonly Bounds[]> {
  const { reader, table } = kafka
  checkOpen(kafka)
  const { cleanup } = specOf(table, topic)
  const found = await boundsOf(reader, topic)
  if (cleanup === 'delete') return found
  return Promise.all(
    found.map(async ({ start, end }, partition) => {
      const [first] = await latestOf(kafka, topic, partition, start, end)
      return { start: first?.offset ?? end, end }
    }),
  )
}

async function retain(kafka: Kafka, nowMs: number): Promise<Retained> {
  const { options, table, reader: client } = kafka
  checkOpen(kafka)
  const { group, retentionMs } = options
  const { readings } = options.topics
  kafka.tombstonesBeforeMs = nowMs - TOMBSTONE_MS
  return retainOnce({ client, table, readings, group, retentionMs }, nowMs)
}

function followerParts(kafka: Kafka): FollowerParts {
  const { options, table, limits, reader, troubles, now } = kafka
  const { partitions, scheduler = systemScheduler } = options
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
      const client = await connectKafka(options.kafka, [topic], systemScheduler)
      return createMember({ client, group, topic, partitions, troubles, assigned, onError })
    },
    own(group, topic, partition, confirm) {
      const connection = lazily(() => connectKafka(options.kafka, [...table.keys()], systemScheduler))
      const transactions = createTransactions({
        connect: connection.get,
        transactionalId: `${group}-${topic}-${partition}`,
        compression: options.kafka.compression,
        mostBytes: (name) => limits.get(name)!,
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
      return { owner, close: () => connection.drop() }
    },
  }
}

/** A client that is made when it is first needed. */
function lazily(connect: () => Promise<KafkaClient>) {
  let client: Promise<KafkaClient> | null = null
  return {
    get(): Promise<KafkaClient> {
      client ??= connect().catch((error: unknown) => {
        client = null
        throw error
      })
      return client
    },
    async drop(): Promise<void> {
      const connected = await Promise.allSettled(client === null ? [] : [client])
      for (const one of connected) if (one.status === 'fulfilled') await one.value.close()
    },
  }
}

function checkFollow(kafka: Kafka, options: FollowOptions): void {
  checkOpen(kafka)
  specOf(kafka.table, options.topic)
  checkOptions({ partitions: kafka.options.partitions }, options)
  if (kafka.options.readOnly && options.group !== null) throw readOnly('commit as a group')
}

function checkPartition({ options }: Kafka, topic: string, partition: number): void {
  if (Number.isInteger(partition) && partition >= 0 && partition < options.partitions) return
  throw failure(
    'input',
    `${topic} has no partition ${partition}; it has partitions 0 to ${options.partitions - 1}`,
  )
}

function checkOpen({ closed }: Kafka): void {
  if (closed) throw failure('unavailable', 'the log is closed')
}

function readOnly(what: string) {
  return failure('usage', `the log is open for reading only, it can't ${what}`)
}
