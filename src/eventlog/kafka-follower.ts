/**
 * A running follow on Kafka: the drives of `drive.ts`, one for each partition that is ours. Without a group that is all
 * of them; with one, what its members agree on, which changes while it runs.
 */
import { failure, isFailure, messageOf } from '../core/errors.ts'
import type { Follower, FollowOptions } from '../core/ports.ts'
import { pause } from './kafka-client.ts'
import type { Member } from './kafka-member.ts'
import { LATEST, offsetsAt } from './kafka-offsets.ts'
import { committedPosition } from './kafka-owner.ts'
import { type Followed, type FollowParts, followPartition } from './kafka-partition.ts'
import { readCommitted } from './kafka-range.ts'
import { type BackOff, backOffMs } from './scheduler.ts'

/** Waits between attempts to begin. */
const RETRY: BackOff = { firstMs: 100, mostMs: 5000 }
/** How often to look whether the others have caught up. */
const LOOK_MS = 250

export interface FollowerParts extends FollowParts {
  /** Joins the group; its answers go to `assigned` and `onError`. */
  join(
    group: string,
    topic: string,
    assigned: (partitions: ReadonlySet<number>) => void,
    onError: (error: Error) => void,
  ): Promise<Member>
  /** As in `leases.ts`: one member of a group for each process; the others stand by. */
  lease(name: string, granted: () => void): () => void
}

interface State {
  readonly parts: FollowerParts
  readonly options: FollowOptions
  readonly running: Map<number, Followed>
  /** Partitions that reached their end (`untilCaughtUp`). */
  readonly finished: Set<number>
  /** Where a partition without a committed position was left. */
  readonly reached: Map<number, number>
  /** Ends of the partitions when following began; `null` without `untilCaughtUp`. */
  ends: ReadonlyMap<number, number> | null
  wanted: ReadonlySet<number>
  member: Member | null
  stopping: boolean
  /** Ends the follow: with an error, or as it should. */
  end: (error: unknown) => void
}

/** @param onEnd called once when it has ended, however */
export function createKafkaFollower(
  parts: FollowerParts,
  options: FollowOptions,
  onEnd: () => void,
): Follower {
  let end: (error: unknown) => void = () => {}
  const ending = new Promise<unknown>((resolve) => {
    end = resolve
  })
  const state: State = {
    parts,
    options,
    running: new Map(),
    finished: new Set(),
    reached: new Map(),
    ends: null,
    wanted: new Set(),
    member: null,
    stopping: false,
    end,
  }
  const release = begin(state)
  const done = ending.then(async (error) => {
    await windUp(state)
    release()
    onEnd()
    if (error !== null) throw error
  })
  const ended = done.catch(heard)
  return {
    owned: () => owned(state),
    idle: () => (state.member?.isSettled() ?? false) && state.wanted.size === 0,
    lag: () => lag(state),
    done,
    async stop() {
      state.stopping = true
      for (const followed of state.running.values()) followed.stop()
      end(null)
      await ended
    },
  }
}

/** For a promise that nobody has to look at: what happened went to `onError` already. */
function heard(): void {}

/** Begins now, or when the lease of the group is granted. Returns what lets the lease go. */
function begin(state: State): () => void {
  const { parts, options } = state
  const start = () => {
    follow(state).catch(state.end)
  }
  if (options.group !== null) return parts.lease(`${options.group}\n${options.topic}`, start)
  start()
  return () => {}
}

/** Brokers that are away when following begins are waited for, as they are later. */
async function follow(state: State): Promise<void> {
  const { parts, options } = state
  for (let failures = 0; !state.stopping; failures++) {
    try {
      if (options.untilCaughtUp) state.ends ??= await offsetsAt(parts.client, options.topic, LATEST)
      await takePart(state)
      return
    } catch (error) {
      if (isFailure(error, 'usage') || isFailure(error, 'log-version')) throw error
      report(state, error)
      await pause(parts.scheduler, backOffMs(RETRY, failures))
    }
  }
}

async function takePart(state: State): Promise<void> {
  const { parts, options } = state
  if (state.stopping) return
  if (options.group === null) {
    reconcile(state, new Set(Array.from({ length: parts.partitions }, (_, partition) => partition)))
    return
  }
  const member = await parts.join(
    options.group,
    options.topic,
    (partitions) => reconcile(state, partitions),
    (error) => report(state, error),
  )
  state.member = member
  if (state.stopping) await member.close()
}

function report({ options, wanted }: State, error: unknown): void {
  options.onError?.(error instanceof Error ? error : new Error(messageOf(error)), [...wanted][0] ?? 0)
}

/** Starts what is ours and not running, drops what is no longer ours. */
function reconcile(state: State, wanted: ReadonlySet<number>): void {
  state.wanted = wanted
  for (const [partition, followed] of state.running) if (!wanted.has(partition)) followed.lose()
  for (const partition of wanted) if (!state.running.has(partition)) start(state, partition)
  endIfFinished(state)
}

function start(state: State, partition: number): void {
  const { parts, options, finished, reached, running } = state
  if (state.stopping || finished.has(partition)) return
  const followed = followPartition(parts, options, partition, {
    target: state.ends?.get(partition) ?? null,
    reached: reached.get(partition) ?? null,
    confirm: async () => {
      if (state.member === null) throw failure('unavailable', `not yet a member of group ${options.group}`)
      await state.member.confirm(partition)
    },
  })
  running.set(partition, followed)
  followed.done.then(
    ({ isAtTarget, reachedOffset }) => {
      running.delete(partition)
      if (reachedOffset !== null) reached.set(partition, reachedOffset)
      if (isAtTarget) finished.add(partition)
      // It may have come back while what it had in hand was being dropped.
      else if (state.wanted.has(partition)) start(state, partition)
      endIfFinished(state)
    },
    (error: unknown) => {
      running.delete(partition)
      state.end(error)
    },
  )
}

/** With `untilCaughtUp`: when what is ours has reached its end, and the other members of the group theirs. */
function endIfFinished(state: State): void {
  if (state.ends === null || ![...state.wanted].every((partition) => state.finished.has(partition))) return
  awaitOthers(state, state.ends).then(
    (isDone) => {
      if (isDone) state.end(null)
    },
    (error: unknown) => {
      report(state, error)
      state.parts.scheduler.after(LOOK_MS, () => endIfFinished(state))
    },
  )
}

/** False when partitions became ours meanwhile: their end tells again. */
async function awaitOthers(state: State, ends: ReadonlyMap<number, number>): Promise<boolean> {
  const { parts, options, finished } = state
  for (const [partition, end] of ends) {
    while (options.group !== null && !finished.has(partition)) {
      if (state.stopping || state.wanted.has(partition)) return false
      if (await hasPassed(parts, options.group, options.topic, partition, end)) break
      await pause(parts.scheduler, LOOK_MS)
    }
  }
  return true
}

/** Behind the last record there may be ends of transactions, which no position is committed for. */
async function hasPassed(
  { client }: FollowerParts,
  group: string,
  topic: string,
  partition: number,
  end: number,
): Promise<boolean> {
  const { offset } = await committedPosition(client, group, topic, partition)
  if ((offset ?? 0) >= end) return true
  for await (const records of readCommitted(client, topic, partition, offset ?? 0, end)) {
    if (records.length > 0) return false
  }
  return true
}

/** Finishes and commits what is in hand, then leaves the group. */
async function windUp(state: State): Promise<void> {
  state.stopping = true
  for (const followed of state.running.values()) followed.stop()
  await Promise.allSettled([...state.running.values()].map(({ done }) => done))
  try {
    await state.member?.close()
  } catch (error) {
    report(state, error)
  }
}

function owned({ running }: State): number[] {
  return [...running]
    .filter(([, { drive }]) => drive.owned)
    .map(([partition]) => partition)
    .sort((a, b) => a - b)
}

async function lag(state: State): Promise<ReadonlyMap<number, number>> {
  const { parts, options, running } = state
  const partitions = owned(state)
  if (partitions.length === 0) return new Map()
  const positions = partitions.map((partition) => [partition, running.get(partition)!.drive.next] as const)
  const ends = await offsetsAt(parts.client, options.topic, LATEST, partitions)
  return new Map(positions.map(([partition, next]) => [partition, Math.max(0, ends.get(partition)! - next)]))
}
