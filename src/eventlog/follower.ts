/**
 * A running follow: one drive per partition, each failing and recovering by itself.
 * Memory and LMDB share it; `drive.ts` says what happens to one partition.
 */
import { failure } from '../core/errors.ts'
import type { Follower, FollowOptions } from '../core/ports.ts'
import { createDrive, type Drive, type Ride, runDrive, wakeDrive } from './drive.ts'
import type { FollowedLog } from './followed.ts'
import type { Scheduler } from './scheduler.ts'

/** Most records in a batch when the options say nothing. */
export const BATCH_RECORDS = 5000
/** Most bytes of records in a batch (a single larger record is a batch of its own). */
export const BATCH_BYTES = 8 * 1024 * 1024

/** A follower that can also be dropped as a crash would: nothing more is committed, nothing closed. */
export interface DrivenFollower extends Follower {
  abandon(): void
}

/**
 * Starts following.
 * @param onEnd called once when it has ended, however
 */
export function createFollower(
  log: FollowedLog,
  options: FollowOptions,
  scheduler: Scheduler,
  onEnd: () => void,
): DrivenFollower {
  checkOptions(log, options)
  const ride: Ride = {
    log,
    options,
    scheduler,
    limits: { records: options.batchRecords ?? BATCH_RECORDS, bytes: BATCH_BYTES },
    stopping: false,
    abandoned: false,
  }
  const drives = Array.from({ length: log.partitions }, (_, partition) => createDrive(ride, partition))
  const unsubscribe = log.subscribe(options.topic, (partition) => wakeDrive(drives[partition]!))
  let dropped: () => void = heard
  const crash = new Promise<void>((resolve) => {
    dropped = resolve
  })
  const stopAll = () => {
    ride.stopping = true
    for (const drive of drives) wakeDrive(drive)
  }
  const done = Promise.race([runAll(drives, stopAll), crash]).finally(() => {
    unsubscribe()
    onEnd()
  })
  const ended = done.catch(heard)
  return {
    owned: () => ownedOf(drives).map((drive) => drive.partition),
    lag: () => lagOf(log, options.topic, ownedOf(drives)),
    done,
    async stop() {
      stopAll()
      await ended
    },
    abandon() {
      ride.abandoned = true
      stopAll()
      for (const drive of drives) drive.release?.()
      dropped()
    },
  }
}

/** For a promise that nobody has to look at: what happened went to `onError` already. */
function heard(): void {}

/** Runs to the end of all; the first that can never go on stops the others. */
async function runAll(drives: readonly Drive[], stopAll: () => void): Promise<void> {
  const ends = await Promise.allSettled(
    drives.map((drive) =>
      runDrive(drive).catch((error: unknown) => {
        stopAll()
        throw error
      }),
    ),
  )
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

function ownedOf(drives: readonly Drive[]): Drive[] {
  return drives.filter((drive) => drive.owned)
}

async function lagOf(
  log: FollowedLog,
  topic: string,
  drives: readonly Drive[],
): Promise<ReadonlyMap<number, number>> {
  const lags = new Map<number, number>()
  for (const { partition, next } of drives) {
    const { end } = await log.boundsOf(topic, partition)
    lags.set(partition, Math.max(0, end - next))
  }
  return lags
}

/** @throws failure 'usage' for options that contradict the log */
export function checkOptions(
  log: Pick<FollowedLog, 'partitions'>,
  { topic, from, batchRecords }: FollowOptions,
): void {
  if (typeof from === 'object') {
    if (from.length !== log.partitions || !from.every((offset) => Number.isInteger(offset) && offset >= 0)) {
      throw failure(
        'usage',
        `following ${topic} from [${from.join(', ')}]: give an offset for each of the ${log.partitions} partitions`,
      )
    }
  }
  if (batchRecords !== undefined && !(Number.isInteger(batchRecords) && batchRecords > 0)) {
    throw failure('usage', `following ${topic} with batchRecords ${batchRecords}: it must be 1 or more`)
  }
}
