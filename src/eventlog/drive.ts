/**
 * The life of one followed partition: acquire → restore → replay what lies before the committed position with
 * effects withheld → batch after batch: process, commit, confirm. Whatever fails drops the processor; after a
 * back-off a new one starts from what is committed.
 */
import { failure, isFailure, messageOf } from '../core/errors.ts'
import type { Batch, Effects, FollowOptions, Processor } from '../core/ports.ts'
import { type Bell, createBell } from './bell.ts'
import type { Chunk, ChunkLimits, FollowedLog } from './followed.ts'
import { type BackOff, backOffMs, type Scheduler } from './scheduler.ts'

/** Waits between attempts after a failure. */
const RETRY: BackOff = { firstMs: 100, mostMs: 5000 }

/** What the partitions of one follower share. */
export interface Ride {
  readonly log: FollowedLog
  readonly options: FollowOptions
  readonly scheduler: Scheduler
  readonly limits: ChunkLimits
  /** Stop after the batch in hand. */
  stopping: boolean
  /** With `stopping`: commit nothing more and close nothing, as in a crash. */
  abandoned: boolean
}

export interface Drive {
  readonly ride: Ride
  readonly partition: number
  readonly bell: Bell
  /** Restored, and being processed now. */
  owned: boolean
  /** Read position. */
  next: number
  /** The group's position as this drive knows it; `null` = none yet. */
  committed: number | null
  /** Ends here by itself; `null` = not known or never. */
  target: number | null
  /** Stands in for a committed position while there is none: where the first processor began, and so on. */
  reached: number | null
  /** Failures in a row. */
  failures: number
  release: (() => void) | null
  endPause: (() => void) | null
}

export function createDrive(ride: Ride, partition: number): Drive {
  return {
    ride,
    partition,
    bell: createBell(),
    owned: false,
    next: 0,
    committed: null,
    target: null,
    reached: null,
    failures: 0,
    release: null,
    endPause: null,
  }
}

/** Looks again: the partition has grown, or the ride is stopping. */
export function wakeDrive(drive: Drive): void {
  drive.bell.ring()
  if (drive.ride.stopping) drive.endPause?.()
}

/** Runs until stopped or caught up; rejects when it can never go on. */
export async function runDrive(drive: Drive): Promise<void> {
  const { ride, partition } = drive
  const { log, options } = ride
  try {
    for (;;) {
      try {
        if (options.untilCaughtUp) drive.target ??= (await log.boundsOf(options.topic, partition)).end
        if (options.group !== null && drive.release === null) await acquire(drive, options.group)
        if (!ride.stopping) await live(drive)
        return
      } catch (error) {
        await failed(drive, error)
        if (ride.stopping) return
      }
    }
  } finally {
    drive.release?.()
  }
}

async function acquire(drive: Drive, group: string): Promise<void> {
  const { ride, partition, bell } = drive
  let granted = false
  drive.release = ride.log.lease(group, ride.options.topic, partition, () => {
    granted = true
    bell.ring()
  })
  while (!granted && !ride.stopping) await bell.wait()
}

/** From a new processor to its end. */
async function live(drive: Drive): Promise<void> {
  const { ride, partition } = drive
  const processor = ride.options.open(partition)
  try {
    const committed = await restore(drive, processor)
    await replay(drive, processor, committed)
    if (ride.stopping) return
    drive.owned = true
    if (await proceed(drive, processor)) await conclude(drive, processor)
  } finally {
    drive.owned = false
    if (!ride.abandoned) await processor.close()
  }
}

/** Restores the state and sets the read position. Returns the committed one, where replay ends. */
async function restore(drive: Drive, processor: Processor): Promise<number> {
  const { ride, partition } = drive
  const { log, options } = ride
  const { topic, group } = options
  const known = group === null ? null : await log.committed(group, topic, partition)
  drive.committed = known
  const committed = known ?? drive.reached ?? (await firstOffset(drive))
  drive.reached = committed
  const states = group === null ? nothing() : log.states(partition)
  const from = await processor.restore(states, committed).catch((error: unknown) => explained(drive, error))
  if (!Number.isInteger(from) || from < 0 || from > committed) {
    throw failure('usage', `restore of ${topic}/${partition} returned ${from}; it must be 0 to ${committed}`)
  }
  const { start } = await log.boundsOf(topic, partition)
  if (from < start && known !== null) {
    report(drive, failure('not-found', `${topic}/${partition}: offsets ${from} to ${start - 1} are gone`))
  }
  drive.next = Math.max(from, start)
  return committed
}

/**
 * State ahead of its position is a damaged log, unless the position has moved since it was read: who was asleep in
 * between (a paused process) may meet the state that a new owner has written, and that ends nobody's following.
 */
async function explained({ ride, partition, committed }: Drive, error: unknown): Promise<never> {
  const { log, options } = ride
  const { topic, group } = options
  if (group === null || !isFailure(error, 'log-version')) throw error
  const now = await log.committed(group, topic, partition)
  if (now === committed) throw error
  throw failure(
    'conflict',
    `${group} has gone from ${committed} to ${now} of ${topic}/${partition} while its state was read: another member has gone on`,
  )
}

async function firstOffset({ ride, partition }: Drive): Promise<number> {
  const { topic, from = 'start' } = ride.options
  if (typeof from === 'object') return from[partition]!
  return (await ride.log.boundsOf(topic, partition))[from]
}

async function replay(drive: Drive, processor: Processor, committed: number): Promise<void> {
  const { ride } = drive
  while (drive.next < committed && !ride.stopping) {
    const chunk = await take(drive, committed)
    if (ride.stopping) return
    if (chunk.records.length > 0) await processor.process(batchOf(drive, chunk, true))
    drive.next = chunk.nextOffset
    await ride.scheduler.turn()
  }
}

/** False when it ended with a batch that was processed and never committed: the processor is ahead of the log. */
async function proceed(drive: Drive, processor: Processor): Promise<boolean> {
  const { ride } = drive
  const to = drive.target ?? Number.POSITIVE_INFINITY
  const gatherMs = drive.target === null ? (ride.options.gatherMs ?? 0) : 0
  while (!ride.stopping) {
    const chunk = await take(drive, to)
    if (ride.stopping) break
    if (chunk.records.length === 0) {
      drive.next = chunk.nextOffset
      if (drive.next >= to) break
      await drive.bell.wait()
      await pause(drive, gatherMs)
      continue
    }
    const batch = batchOf(drive, chunk, false)
    const effects = await processor.process(batch)
    if (!(await commit(drive, effects, batch.nextOffset))) return false
    drive.next = batch.nextOffset
    drive.reached = batch.nextOffset
    drive.failures = 0
    if (ride.options.group !== null) processor.committed?.(batch)
    const isFull = chunk.records.length > ride.limits.records / 2
    await (isFull ? ride.scheduler.turn() : pause(drive, gatherMs))
  }
  return true
}

/** The last word of a processor that ends in good order. */
async function conclude(drive: Drive, processor: Processor): Promise<void> {
  if (!processor.conclude || drive.committed === null || drive.ride.abandoned) return
  const effects = await processor.conclude(drive.next)
  if (effects.emit.length + effects.state.length > 0) await commit(drive, effects, drive.next)
}

async function take({ ride, partition, next }: Drive, to: number): Promise<Chunk> {
  return await ride.log.take(ride.options.topic, partition, next, to, ride.limits)
}

function batchOf({ ride, partition }: Drive, chunk: Chunk, isReplay: boolean): Batch {
  const { records, nextOffset } = chunk
  return { topic: ride.options.topic, partition, records, nextOffset, replay: isReplay }
}

/** False when the ride ended before the commit succeeded. */
async function commit(drive: Drive, effects: Effects, nextOffset: number): Promise<boolean> {
  const { ride, partition } = drive
  const { topic, group } = ride.options
  const { keepFrom, emit, state } = effects
  if (group === null) {
    if (emit.length + state.length === 0) return !ride.abandoned
    throw failure('usage', `${topic}/${partition} is followed without a group: it can't have effects`)
  }
  if (!Number.isInteger(keepFrom) || keepFrom < 0 || keepFrom > nextOffset) {
    throw failure('usage', `keepFrom of ${topic}/${partition} is ${keepFrom}; it must be 0 to ${nextOffset}`)
  }
  while (!ride.abandoned) {
    try {
      const expected = drive.committed
      await ride.log.commit({ group, topic, partition, expected, nextOffset, keepFrom, emit, state })
      drive.committed = nextOffset
      return true
    } catch (error) {
      // Nothing was written, so the same commit may be tried again: cheaper than a restore each time.
      if (!isFailure(error, 'log-unavailable')) throw error
      await failed(drive, error)
      if (ride.stopping) return false
    }
  }
  return false
}

/** Reports, then waits for the next attempt; what can never succeed is thrown on. */
async function failed(drive: Drive, error: unknown): Promise<void> {
  const { ride } = drive
  if (ride.abandoned) return
  report(drive, error)
  if (isFailure(error, 'usage') || isFailure(error, 'log-version')) throw error
  await pause(drive, backOffMs(RETRY, drive.failures++))
}

/** Lets time pass, or the ride end. Other work has its turn in any case. */
async function pause(drive: Drive, ms: number): Promise<void> {
  if (drive.ride.stopping) return
  if (ms === 0) return drive.ride.scheduler.turn()
  await new Promise<void>((resolve) => {
    const cancel = drive.ride.scheduler.after(ms, resolve)
    drive.endPause = () => {
      cancel()
      resolve()
    }
  })
  drive.endPause = null
}

function report({ ride, partition }: Drive, error: unknown): void {
  ride.options.onError?.(error instanceof Error ? error : new Error(messageOf(error)), partition)
}

/** A follower without a group has no state. */
async function* nothing(): AsyncGenerator<never> {}
