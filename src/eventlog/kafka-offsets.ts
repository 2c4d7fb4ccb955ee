/** Where partitions begin and end, and where a time is in them: ListOffsets, asked of each leader for all its partitions. */
import type { Bounds } from '../core/ports.ts'
import type { KafkaClient } from './kafka-client.ts'

/** Instead of a time: the first offset that is kept, and the end of what is committed. */
export const EARLIEST = -2
export const LATEST = -1

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
): Promise<ReadonlyMap<number, number>> {
  const right = { operation: 'Describe', kind: 'topic', name: topic } as const
  return client.persist(
    { what: `finding offsets of ${topic}`, right },
    client.settings.requestTimeoutMs,
    () => askLeaders(client, topic, timestamp, partitions),
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

async function askLeaders(
  client: KafkaClient,
  topic: string,
  timestamp: number,
  partitions: readonly number[],
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
        isolationLevel: 1,
        topics: [{ topic, partitions: asked }],
      })
      for (const { partition, offset } of responses.flatMap((response) => response.partitions)) {
        offsets.set(partition, Number(offset))
      }
    }),
  )
  return offsets
}
