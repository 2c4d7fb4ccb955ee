/**
 * Follows a topic without a group: every record once, in order per partition, from given offsets on. What a
 * follower reads again after a failure is left out.
 */
import { messageOf } from '../core/errors.ts'
import type { Batch, EventLog, Follower, LogRecord } from '../core/ports.ts'

export interface TailOptions {
  readonly topic: string
  /** First offset of each partition. */
  readonly from: readonly number[]
  /** Must not throw. */
  onRecord(record: LogRecord, partition: number): void
  onError(error: Error, partition: number): void
}

export interface Tail {
  /** Offset of the next record of each partition. */
  readonly positions: readonly number[]
  /** Why it has stopped for good; null while it goes on. */
  readonly broken: string | null
  /** Passes what retention has removed before it was read. @param starts first retained offsets */
  skipTo(starts: readonly number[]): void
  stop(): Promise<void>
}

export function followTail(log: EventLog, options: TailOptions): Tail {
  const positions = [...options.from]
  const follower: Follower = log.follow({
    topic: options.topic,
    group: null,
    from: options.from,
    open: (partition) => ({
      restore: async (_state, committed) => Math.min(committed, positions[partition] ?? committed),
      async process(batch: Batch) {
        const next = positions[partition] ?? 0
        for (const record of batch.records) {
          if (record.offset >= next) options.onRecord(record, partition)
        }
        positions[partition] = Math.max(next, batch.nextOffset)
        return { emit: [], state: [], keepFrom: batch.nextOffset }
      },
      close: async () => {},
    }),
    onError: options.onError,
  })
  let broken: string | null = null
  follower.done.catch((error: unknown) => {
    broken = messageOf(error)
  })
  return {
    positions,
    get broken() {
      return broken
    },
    skipTo(starts) {
      for (const [partition, start] of starts.entries()) {
        positions[partition] = Math.max(positions[partition] ?? 0, start)
      }
    },
    async stop() {
      await follower.stop()
    },
  }
}
