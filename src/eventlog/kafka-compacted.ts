/**
 * Follows a compacted topic: first what compaction would leave of what is there, then everything that comes. So a
 * follower meets the latest of each key, whether or not the broker has compacted yet.
 */
import type { LogRecord } from '../core/ports.ts'
import type { Chunk, ChunkLimits } from './followed.ts'
import type { KafkaClient } from './kafka-client.ts'
import { LATEST, offsetsAt } from './kafka-offsets.ts'
import { chunksOf, latestPerKey } from './kafka-range.ts'
import type { Stream } from './kafka-stream.ts'

interface Front {
  records: readonly LogRecord[]
  /** Position that `records` begins at, and the end up to which it was compacted. */
  at: number
  readonly end: number
}

/** @param stream goes on behind the front */
export function createCompactedStream(
  client: KafkaClient,
  topic: string,
  partition: number,
  stream: Stream,
): Stream {
  let front: Front | null = null
  let isClosed = false

  async function load(from: number): Promise<Front> {
    const ends = await offsetsAt(client, topic, LATEST, [partition])
    const end = Math.max(from, ends.get(partition) ?? from)
    return { records: await latestPerKey(client, topic, partition, from, end), at: from, end }
  }

  return {
    async take(from: number, to: number, limits: ChunkLimits): Promise<Chunk> {
      if (isClosed) return { records: [], nextOffset: from }
      // A follower that has failed comes back to an earlier place.
      if (front === null || (from !== front.at && from < front.end)) front = await load(from)
      if (from >= front.end) return stream.take(from, to, limits)
      const [records = []] = chunksOf(front.records, to, limits)
      const isAll = records.length === front.records.length
      const nextOffset = isAll ? Math.min(to, front.end) : (records.at(-1)?.offset ?? to - 1) + 1
      front.records = front.records.slice(records.length)
      front.at = nextOffset
      return records.length === 0 && nextOffset < to
        ? stream.take(nextOffset, to, limits)
        : { records, nextOffset }
    },
    close() {
      isClosed = true
      stream.close()
    },
  }
}
