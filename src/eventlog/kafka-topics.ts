/**
 * The topics on Kafka: made where they are missing, else checked against what the program relies on. What differs is
 * said with the command that mends it; nothing that exists is changed.
 */
import { failure } from '../core/errors.ts'
import type { TopicSpec } from '../core/topics.ts'
import { type KafkaClient, pause } from './kafka-client.ts'
import { typeOf } from './kafka-errors.ts'
import { metadataRequest, wireError } from './kafka-wire.ts'
import { TOMBSTONE_MS } from './retention.ts'
import { MOST_RECORD_BYTES, type TopicTable } from './route.ts'

/** Largest batch of a topic that we make: the largest record, and what is around it. */
const TOPIC_MESSAGE_BYTES = MOST_RECORD_BYTES + 64 * 1024
/** A topic that takes less can't hold a snapshot of the engine's state. */
const LEAST_MESSAGE_BYTES = 1_000_000
const COPIES = 3
/** A broker that has made a topic takes a moment to lead it. */
const MADE_WITHIN_MS = 30_000
const LOOK_MS = 50
const TOPIC_RESOURCE = 2
/** Error code of a topic that there is not. */
const UNKNOWN_TOPIC = 3
/**
 * Compaction leaves the segment that is being written alone, and a restore reads it whole: small segments, rolled soon,
 * keep the engine's state short.
 */
const COMPACTED_SEGMENT_BYTES = 50 * 1024 * 1024
const COMPACTED_SEGMENT_MS = 3_600_000

export interface TopicSetup {
  readonly table: TopicTable
  readonly readings: string
  readonly partitions: number
  readonly retentionMs: number
  /** Make nothing: a missing topic is `not-found`, and the count of partitions is what it is. */
  readonly readOnly: boolean
}

export interface KafkaTopics {
  readonly partitions: number
  /** Largest batch that a topic takes. */
  mostBytes(topic: string): number
}

/**
 * @throws failure 'config' that names each topic that is not as it must be, 'not-found' for a missing one that may not
 *   be made
 */
export async function setUpTopics(client: KafkaClient, setup: TopicSetup): Promise<KafkaTopics> {
  const names = [...setup.table.keys()]
  let found = await findTopics(client, names)
  const missing = names.filter((name) => !found.counts.has(name))
  if (missing.length > 0) {
    await makeTopics(client, setup, missing, found.brokers)
    found = await untilFound(client, names)
  }
  const partitions = setup.readOnly ? found.counts.get(setup.readings)! : setup.partitions
  // Whoever only reads may not see the settings, and does not rely on them.
  const configs = setup.readOnly ? null : await configsOf(client, names)
  const wrong = names.flatMap((name) => [
    ...countFindings(name, found.counts.get(name)!, partitions),
    ...(configs ? configFindings(name, setup.table.get(name)!, configs.get(name)!) : []),
  ])
  if (wrong.length > 0) throw failure('config', wrong.join('\n'))
  return { partitions, mostBytes: (topic) => Number(configs?.get(topic)?.get('max.message.bytes') ?? 0) }
}

interface Found {
  readonly brokers: number
  /** Partitions of each topic that there is. */
  readonly counts: ReadonlyMap<string, number>
}

async function findTopics(client: KafkaClient, names: readonly string[]): Promise<Found> {
  const right = { operation: 'Describe', kind: 'topic', name: names.join(',') } as const
  return client.persist({ what: 'looking for the topics', right }, MADE_WITHIN_MS, async () => {
    const { brokers, topicMetadata } = await (await client.broker()).connectionPool.send(
      metadataRequest(names),
    )
    const counts = new Map<string, number>()
    for (const { topic, topicErrorCode, partitionMetadata } of topicMetadata) {
      if (topicErrorCode === UNKNOWN_TOPIC) continue
      if (topicErrorCode !== 0) throw wireError(topicErrorCode)
      counts.set(topic, partitionMetadata.length)
    }
    return { brokers: brokers.length, counts }
  })
}

async function makeTopics(
  client: KafkaClient,
  setup: TopicSetup,
  missing: readonly string[],
  brokers: number,
): Promise<void> {
  const { settings } = client
  if (setup.readOnly) {
    throw failure('not-found', `Kafka at ${settings.brokers.join(', ')} has no topic ${missing.join(', ')}`)
  }
  const replicationFactor = settings.replication ?? Math.min(COPIES, brokers)
  if (replicationFactor > brokers) {
    throw failure(
      'config',
      `log.kafka.replication: ${replicationFactor} is wrong; expected at most ${brokers}, the count of brokers`,
    )
  }
  const topics = missing.map((topic) => ({
    topic,
    numPartitions: setup.partitions,
    replicationFactor,
    configEntries: entriesOf(configOf(setup, topic, replicationFactor)),
  }))
  const right = { operation: 'Create', kind: 'topic', name: missing.join(',') } as const
  await client.persist({ what: `making ${missing.join(', ')}`, right }, MADE_WITHIN_MS, async () => {
    try {
      await (await client.broker()).createTopics({ topics, timeout: MADE_WITHIN_MS })
    } catch (error) {
      // Another process made them at the same time; whether as we would is checked next.
      if (typeOf(error) !== 'TOPIC_ALREADY_EXISTS') throw error
    }
  })
}

async function untilFound(client: KafkaClient, names: readonly string[]): Promise<Found> {
  const deadline = performance.now() + MADE_WITHIN_MS
  for (;;) {
    const found = await findTopics(client, names)
    const missing = names.filter((name) => !found.counts.has(name))
    if (missing.length === 0) return found
    if (performance.now() > deadline) {
      throw failure('log-unavailable', `${missing.join(', ')} was made, but no broker knows it yet`)
    }
    await pause(client.scheduler, LOOK_MS)
  }
}

function entriesOf(config: Readonly<Record<string, string>>) {
  return Object.entries(config).map(([name, value]) => ({ name, value }))
}

/** What a topic is made with. */
function configOf(
  { table, readings, retentionMs }: TopicSetup,
  topic: string,
  copies: number,
): Record<string, string> {
  const common = {
    'max.message.bytes': String(TOPIC_MESSAGE_BYTES),
    'min.insync.replicas': String(Math.max(1, Math.min(2, copies - 1))),
  }
  if (table.get(topic)!.cleanup === 'compact') {
    return {
      ...common,
      'cleanup.policy': 'compact',
      'delete.retention.ms': String(TOMBSTONE_MS),
      'segment.bytes': String(COMPACTED_SEGMENT_BYTES),
      'segment.ms': String(COMPACTED_SEGMENT_MS),
    }
  }
  // Readings wait for the engine however long it is away; who has the log open removes them behind it.
  const retention = topic === readings || !Number.isFinite(retentionMs) ? -1 : Math.round(retentionMs)
  return { ...common, 'cleanup.policy': 'delete', 'retention.ms': String(retention) }
}

async function configsOf(
  client: KafkaClient,
  names: readonly string[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, string | null>>> {
  const right = { operation: 'DescribeConfigs', kind: 'topic', name: names.join(',') } as const
  return client.persist({ what: 'reading the settings of the topics', right }, MADE_WITHIN_MS, async () => {
    const { resources } = await (await client.broker()).describeConfigs({
      resources: names.map((name) => ({ type: TOPIC_RESOURCE, name, configNames: [...CHECKED] })),
    })
    return new Map(
      resources.map(({ resourceName, configEntries }) => [
        resourceName,
        new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
      ]),
    )
  })
}

const CHECKED = ['cleanup.policy', 'max.message.bytes'] as const

function countFindings(topic: string, count: number, wanted: number): string[] {
  if (count === wanted) return []
  return [
    `topic ${topic} has ${count} partitions, log.partitions is ${wanted}: set log.partitions to ${count}, or name other ` +
      'topics (log.prefix); all topics need the same count, and assets would change partition if it were raised',
  ]
}

function configFindings(
  topic: string,
  { cleanup }: TopicSpec,
  config: ReadonlyMap<string, string | null>,
): string[] {
  const found: string[] = []
  const policy = config.get('cleanup.policy')
  if (policy !== cleanup) {
    found.push(
      `topic ${topic} has cleanup.policy=${policy}, it must be ${cleanup}: kafka-configs --alter --topic ${topic} --add-config cleanup.policy=${cleanup}`,
    )
  }
  const bytes = Number(config.get('max.message.bytes'))
  if (!(bytes >= LEAST_MESSAGE_BYTES)) {
    found.push(
      `topic ${topic} has max.message.bytes=${bytes}, it must be ${LEAST_MESSAGE_BYTES} or more: kafka-configs --alter --topic ${topic} --add-config max.message.bytes=${TOPIC_MESSAGE_BYTES}`,
    )
  }
  return found
}
