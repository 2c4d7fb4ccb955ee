/** What the Kafka log answers to those who only look: ranges, bounds, positions of groups. */
import { failure } from '../core/errors.ts'
import type { Bounds, LogRecord } from '../core/ports.ts'
import type { KafkaClient } from './kafka-client.ts'
import { boundsOf, LATEST, offsetsAt } from './kafka-offsets.ts'
import { committedPosition } from './kafka-owner.ts'
import { chunksOf, latestPerKey, readCommitted } from './kafka-range.ts'
import { specOf, type TopicTable } from './route.ts'

export interface ReadsOptions {
  readonly client: KafkaClient
  readonly table: TopicTable
  readonly partitions: number
}

export interface Reads {
  read(topic: string, partition: number, from: number, to?: number): AsyncGenerator<readonly LogRecord[]>
  bounds(topic: string): Promise<readonly Bounds[]>
  /** Committed position of a group in each partition of a topic; `null` where there is none. */
  positions(group: string, topic: string): Promise<readonly (number | null)[]>
  /** Tombstones from before (epoch ms) have stood long enough: they are no longer shown. */
  hideTombstonesBefore(ms: number): void
  /** Resolves when the ends that a `read` has asked for are known: an append after it must not be seen by it. */
  endsKnown(): Promise<unknown>
}

export function createReads({ client, table, partitions }: ReadsOptions): Reads {
  const endsAsked = new Set<Promise<unknown>>()
  let tombstonesBeforeMs = Number.NEGATIVE_INFINITY

  function latest(topic: string, partition: number, from: number, to: number) {
    return latestPerKey(client, topic, partition, from, to, tombstonesBeforeMs)
  }

  async function* readTo(
    topic: string,
    partition: number,
    from: number,
    to: Promise<number>,
  ): AsyncGenerator<readonly LogRecord[]> {
    const end = await to
    if (specOf(table, topic).cleanup === 'delete') yield* readCommitted(client, topic, partition, from, end)
    else yield* chunksOf(await latest(topic, partition, from, end), end)
  }

  return {
    read(topic, partition, from, to = Number.POSITIVE_INFINITY) {
      specOf(table, topic)
      checkPartition(topic, partition, partitions)
      const asked = offsetsAt(client, topic, LATEST, [partition]).then((ends) =>
        Math.min(to, ends.get(partition)!),
      )
      endsAsked.add(asked)
      const heard = () => {
        endsAsked.delete(asked)
      }
      asked.then(heard, heard)
      return readTo(topic, partition, from, asked)
    },

    // Of a compacted topic the start is that of its latest records: those before may be gone at any moment.
    async bounds(topic) {
      const { cleanup } = specOf(table, topic)
      const found = await boundsOf(client, topic)
      if (cleanup === 'delete') return found
      return Promise.all(
        found.map(async ({ start, end }, partition) => {
          const [first] = await latest(topic, partition, start, end)
          return { start: first?.offset ?? end, end }
        }),
      )
    },

    async positions(group, topic) {
      specOf(table, topic)
      const numbers = Array.from({ length: partitions }, (_, partition) => partition)
      const found = await Promise.all(
        numbers.map((partition) => committedPosition(client, group, topic, partition)),
      )
      return found.map(({ offset }) => offset)
    },

    hideTombstonesBefore(ms) {
      tombstonesBeforeMs = ms
    },

    endsKnown: () => Promise.allSettled(endsAsked),
  }
}

function checkPartition(topic: string, partition: number, partitions: number): void {
  if (Number.isInteger(partition) && partition >= 0 && partition < partitions) return
  throw failure('input', `${topic} has no partition ${partition}; it has partitions 0 to ${partitions - 1}`)
}
