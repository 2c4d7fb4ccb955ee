/**
 * Removes what is past its age from the topics that are kept by age. Brokers could do it, but they don't know how far
 * the engine is: readings wait for it on Kafka as they do in the embedded log, and it may read from `keepFrom` again
 * (as Kafka Streams does with its repartition topics). Every process that has the log open may do this; twice does no harm.
 */
import type { KafkaClient } from './kafka-client.ts'
import { boundsOf, offsetsAt } from './kafka-offsets.ts'
import { committedPosition } from './kafka-owner.ts'
import type { Retained } from './retention.ts'
import type { TopicTable } from './route.ts'

export interface RetainOptions {
  readonly client: KafkaClient
  readonly table: TopicTable
  readonly readings: string
  /** The group that readings wait for. */
  readonly group: string
  readonly retentionMs: number
}

/**
 * One round.
 * @param nowMs epoch ms
 * @returns `batches`: partitions that became shorter; bytes are the brokers' to know
 */
export async function retainOnce(options: RetainOptions, nowMs: number): Promise<Retained> {
  const { client, table, retentionMs } = options
  let batches = 0
  if (Number.isFinite(retentionMs)) {
    for (const [topic, { cleanup }] of table) {
      if (cleanup !== 'delete') continue
      const offsets = await expiredOf(options, topic, nowMs - retentionMs)
      await deleteBefore(client, topic, offsets)
      batches += offsets.size
    }
  }
  return { batches, bytes: 0, more: false }
}

/** Partition → first offset to keep, of those that have something to remove. */
async function expiredOf(
  options: RetainOptions,
  topic: string,
  beforeMs: number,
): Promise<ReadonlyMap<number, number>> {
  const { client, group, readings } = options
  const [bounds, kept] = await Promise.all([boundsOf(client, topic), offsetsAt(client, topic, beforeMs)])
  const expired = new Map<number, number>()
  for (const [partition, { start, end }] of bounds.entries()) {
    const youngEnough = kept.get(partition) ?? -1
    let first = youngEnough < 0 ? end : Math.min(youngEnough, end)
    if (first <= start) continue
    if (topic === readings) {
      const { offset, keepFrom } = await committedPosition(client, group, topic, partition)
      first = Math.min(first, offset === null ? start : keepFrom)
    }
    if (first > start) expired.set(partition, first)
  }
  return expired
}

async function deleteBefore(
  client: KafkaClient,
  topic: string,
  offsets: ReadonlyMap<number, number>,
): Promise<void> {
  const right = { operation: 'Delete', kind: 'topic', name: topic } as const
  await client.persist(
    { what: `removing old records of ${topic}`, right },
    client.settings.requestTimeoutMs,
    async () => {
      for (const [partition, offset] of offsets) {
        const leader = await client.leader(topic, partition)
        await leader.deleteRecords({
          topics: [{ topic, partitions: [{ partition, offset: String(offset) }] }],
        })
      }
    },
  )
}
