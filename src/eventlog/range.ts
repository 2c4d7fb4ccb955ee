/** Reads a range of a partition in chunks of bounded size, giving way to other work between them. */
import type { LogRecord } from '../core/ports.ts'
import type { ChunkLimits, FollowedLog } from './followed.ts'
import type { Scheduler } from './scheduler.ts'

/** Size of a chunk (a single larger record is a chunk of its own). */
export const RANGE_CHUNK: ChunkLimits = { records: 10_000, bytes: 1024 * 1024 }

/** Records with offset in [from, to), in order. */
export async function* readRange(
  log: Pick<FollowedLog, 'take'>,
  scheduler: Scheduler,
  topic: string,
  partition: number,
  from: number,
  to: number,
): AsyncGenerator<readonly LogRecord[]> {
  let next = from
  while (next < to) {
    const chunk = await log.take(topic, partition, next, to, RANGE_CHUNK)
    if (chunk.records.length === 0) return
    yield [...chunk.records]
    next = chunk.nextOffset
    await scheduler.turn()
  }
}

/** The same without tombstones: what is left of a compacted topic. */
export async function* withoutTombstones(
  chunks: AsyncIterable<readonly LogRecord[]>,
): AsyncGenerator<readonly LogRecord[]> {
  for await (const records of chunks) {
    const live = records.filter((record) => record.value !== null)
    if (live.length > 0) yield live
  }
}
