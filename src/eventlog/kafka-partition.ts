/** One partition that is ours for a while: its drive, what the drive reads from, and who commits for it. */
import { messageOf } from '../core/errors.ts'
import type { FollowOptions, LogRecord, Processor } from '../core/ports.ts'
import { createDrive, type Drive, type Ride, runDrive, wakeDrive } from './drive.ts'
import type { FollowedLog } from './followed.ts'
import { BATCH_BYTES, BATCH_RECORDS } from './follower.ts'
import type { KafkaClient } from './kafka-client.ts'
import { createCompactedStream } from './kafka-compacted.ts'
import { boundsOfOne, settledEnd } from './kafka-offsets.ts'
import type { Owner } from './kafka-owner.ts'
import { chunksOf, latestPerKey } from './kafka-range.ts'
import { createStream, type Stream } from './kafka-stream.ts'
import type { Troubles } from './kafka-troubles.ts'
import type { TopicTable } from './route.ts'
import type { Scheduler } from './scheduler.ts'

export interface FollowParts {
  /** Reads, for all followers of the log. */
  readonly client: KafkaClient
  readonly partitions: number
  readonly table: TopicTable
  readonly stateTopic: string
  readonly troubles: Troubles
  /** Of the drives: back-off and gathering. */
  readonly scheduler: Scheduler
  /** An owner with a connection of its own, which ends with `close`. */
  own(
    group: string,
    topic: string,
    partition: number,
    confirm: () => Promise<void>,
  ): { readonly owner: Owner; close(): Promise<void> }
}

export interface PartitionStart {
  /** Ends here by itself; `null` never. */
  readonly target: number | null
  /** Where it was left without a committed position; `null` not begun yet. */
  readonly reached: number | null
  /** @throws when the partition is another member's */
  confirm(): Promise<void>
}

export interface PartitionEnd {
  readonly isAtTarget: boolean
  readonly reachedOffset: number | null
}

export interface Followed {
  readonly drive: Drive
  /** Rejects when following can never go on. */
  readonly done: Promise<PartitionEnd>
  /** Finishes and commits the batch in hand. */
  stop(): void
  /** It is another member's now: nothing more is committed. */
  lose(): void
}

export function followPartition(
  parts: FollowParts,
  options: FollowOptions,
  partition: number,
  start: PartitionStart,
): Followed {
  const { group, topic } = options
  let processor: Processor | null = null
  const ownership = group === null ? null : parts.own(group, topic, partition, start.confirm)
  const stream = streamOf(parts, topic, partition, () => wakeDrive(drive))
  const ride: Ride = {
    log: followedOf(parts, stream, ownership?.owner ?? null),
    options: {
      ...options,
      open(opened) {
        processor = options.open(opened)
        return processor
      },
    },
    scheduler: parts.scheduler,
    limits: { records: options.batchRecords ?? BATCH_RECORDS, bytes: BATCH_BYTES },
    stopping: false,
    abandoned: false,
  }
  const drive = createDrive(ride, partition)
  drive.target = start.target
  drive.reached = start.reached
  const end = () => {
    ride.stopping = true
    stream.close()
    wakeDrive(drive)
  }
  const done = runDrive(drive).finally(async () => {
    stream.close()
    // A drive that is dropped closes nothing, as after a crash; this one only lost its partition.
    if (ride.abandoned) await closeLost(processor, (error) => options.onError?.(error, partition))
    else await ownership?.owner.untilSeen()
    await ownership?.close()
  })
  return {
    drive,
    done: done.then(() => ({ isAtTarget: !ride.stopping, reachedOffset: drive.reached })),
    stop: end,
    lose() {
      ownership?.owner.lose()
      ride.abandoned = true
      end()
    },
  }
}

/** What fails here is told, and keeps nothing else from going on. */
async function closeLost(processor: Processor | null, onError: (error: Error) => void): Promise<void> {
  try {
    await processor?.close()
  } catch (error) {
    onError(error instanceof Error ? error : new Error(messageOf(error)))
  }
}

function streamOf(parts: FollowParts, topic: string, partition: number, grown: () => void): Stream {
  const { client, troubles, table } = parts
  const stream = createStream({ client, topic, partition, troubles, grown })
  return table.get(topic)?.cleanup === 'compact'
    ? createCompactedStream(client, topic, partition, stream)
    : stream
}

function followedOf(parts: FollowParts, stream: Stream, owner: Owner | null): FollowedLog {
  const { client, partitions, stateTopic } = parts
  return {
    partitions,
    boundsOf: (topic, partition) => boundsOfOne(client, topic, partition),
    committed: async () => (owner === null ? null : owner.acquire()),
    take: (_topic, _partition, from, to, limits) => stream.take(from, to, limits),
    states: (partition) => statesOf(client, stateTopic, partition),
    async commit(commit) {
      await owner?.commit(commit)
    },
    // The stream wakes the drive itself, and the group has granted the partition already.
    subscribe: () => () => {},
    lease(_group, _topic, _partition, granted) {
      granted()
      return () => {}
    },
  }
}

/** The whole state of a partition: to the end as it is now, over all holes that compaction and transactions left. */
export async function* statesOf(
  client: KafkaClient,
  topic: string,
  partition: number,
): AsyncGenerator<readonly LogRecord[]> {
  const end = await settledEnd(client, topic, partition)
  const { start } = await boundsOfOne(client, topic, partition)
  const latest = await latestPerKey(client, topic, partition, start, end)
  yield* chunksOf(
    latest.filter(({ value }) => value !== null),
    Number.POSITIVE_INFINITY,
  )
}
