/** Where partitions begin and end, and where a time is in them: ListOffsets, asked of each leader for all its partitions. */
import type { Bounds } from '../core/ports.ts'
import type { KafkaClient } from './kafka-client.ts'

/** Instead of a time: the first offset that is kept, and the end of what is committed. */
export const EARLIEST = -2
export const LATEST = -1

/** How ListOffsets takes the end: with what is undecided, or up to it. */
const UNCOMMITTED = 0
const COMMITTED = 1
type Isolation = typeof UNCOMMITTED | typeof COMMITTED

/** Brokers look for transactions that nobody ends this often (transaction.abort.timed.out.transaction.cleanup.interval.ms). */
const ABORT_LOOK_MS = 10_000

/**
 * First offset of each partition whose record the log took at `timestamp` (epoch ms) or later; -1 where there is none.
 * @param timestamp or EARLIEST, or LATEST
 * @param partitions of the topic, all when not given
 */
export async function offsetsAt(
  client: KafkaClient,
  topic: string,
  timestamp: number,
  partitions: readonly number[] = client.partitionsOf(topic).map(({ partitionId }) => partitionId),
  isolation: Isolation = COMMITTED,
): Promise<ReadonlyMap<number, number>> {
  const right = { operation: 'Describe', kind: 'topic', name: topic } as const
  return client.persist(
    { what: `finding offsets of ${topic}`, right },
    client.settings.requestTimeoutMs,
    () => askLeaders(client, topic, timestamp, partitions, isolation),
  )
}

/** Bounds of each partition, in order; of those that are named, or of all. */
export async function boundsOf(
  client: KafkaClient,
  topic: string,
  partitions?: readonly number[],
): Promise<readonly Bounds[]> {
  const [starts, ends] = await Promise.all([
    offsetsAt(client, topic, EARLIEST, partitions),
    offsetsAt(client, topic, LATEST, partitions),
  ])
  return [...starts.keys()]
    .sort((a, b) => a - b)
    .map((partition) => ({ start: starts.get(partition)!, end: ends.get(partition)! }))
}

/** Bounds of one partition. */
export async function boundsOfOne(client: KafkaClient, topic: string, partition: number): Promise<Bounds> {
  const [bounds] = await boundsOf(client, topic, [partition])
  return bounds!
}

/**
 * End of a partition behind everything that was committed before the call: an undecided transaction of somebody else
 * would hide what stands behind its first record, so it is waited for.
 * @throws failure 'log-unavailable' when one stays undecided longer than brokers allow
 */
export async function settledEnd(client: KafkaClient, topic: string, partition: number): Promise<number> {
  const endBy = async (isolation: Isolation) =>
    (await offsetsAt(client, topic, LATEST, [partition], isolation)).get(partition)!
  const end = await endBy(UNCOMMITTED)
  const withinMs = client.settings.transactionTimeoutMs + 2 * ABORT_LOOK_MS
  return client.persist({ what: `waiting for what is undecided on ${topic}` }, withinMs, async () => {
    if ((await endBy(COMMITTED)) >= end) return end
    throw Object.assign(new Error(`${topic}/${partition} has an undecided transaction before ${end}`), {
      type: 'OFFSET_NOT_AVAILABLE',
    })
  })
}

async function askLeaders(
  client: KafkaClient,
  topic: string,
  timestamp: number,
  partitions: readonly number[],
  isolationLevel: Isolation,
): Promise<Map<number, number>> {
  const led = await Promise.all(
    partitions.map(async (partition) => ({ partition, broker: await client.leader(topic, partition) })),
  )
  const offsets = new Map<number, number>()
  await Promise.all(
    [...new Set(led.map(({ broker }) => broker))].map(async (broker) => {
      const asked = led
        .filter((one) => one.broker === broker)
        .map(({ partition }) => ({ partition, timestamp }))
      const { responses } = await broker.listOffsets({
        replicaId: -1,
        isolationLevel,
        topics: [{ topic, partitions: asked }],
      })
      for (const { partition, offset } of responses.flatMap((response) => response.partitions)) {
        offsets.set(partition, Number(offset))
      }
    }),
  )
  return offsets
}
