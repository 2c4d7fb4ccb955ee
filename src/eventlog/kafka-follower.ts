/**
 * A running follow on Kafka: the drives of `drive.ts`, one for each partition that is ours. Without a group that is all
 * of them; with one, what its members agree on, which changes while it runs.
 */
import { failure, messageOf } from '../core/errors.ts'
import type { Follower, FollowOptions } from '../core/ports.ts'
import type { Member } from './kafka-member.ts'
import { LATEST, offsetsAt } from './kafka-offsets.ts'
import { type Followed, type FollowParts, followPartition } from './kafka-partition.ts'

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

async function follow(state: State): Promise<void> {
  const { parts, options } = state
  if (state.stopping) return
  if (options.untilCaughtUp) state.ends = await offsetsAt(parts.client, options.topic, LATEST)
  if (state.stopping) return
  if (options.group === null) {
    reconcile(state, new Set(Array.from({ length: parts.partitions }, (_, partition) => partition)))
    return
  }
  const member = await parts.join(
    options.group,
    options.topic,
    (partitions) => reconcile(state, partitions),
    (error) => options.onError?.(error, [...state.wanted][0] ?? 0),
  )
  state.member = member
  if (state.stopping) await member.close()
}

/** Starts what is ours and not running, drops what is no longer ours. */
function reconcile(state: State, wanted: ReadonlySet<number>): void {
  state.wanted = wanted
  for (const [partition, followed] of state.running) if (!wanted.has(partition)) followed.lose()
  for (const partition of wanted) if (!state.running.has(partition)) start(state, partition)
  if (isFinished(state)) state.end(null)
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
      if (isFinished(state)) state.end(null)
    },
    (error: unknown) => {
      running.delete(partition)
      state.end(error)
    },
  )
}

function isFinished({ ends, wanted, finished }: State): boolean {
  return ends !== null && [...wanted].every((partition) => finished.has(partition))
}

/** Finishes and commits what is in hand, then leaves the group. */
async function windUp(state: State): Promise<void> {
  state.stopping = true
  for (const followed of state.running.values()) followed.stop()
  await Promise.allSettled([...state.running.values()].map(({ done }) => done))
  try {
    await state.member?.close()
  } catch (error) {
    state.options.onError?.(error instanceof Error ? error : new Error(messageOf(error)), 0)
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
