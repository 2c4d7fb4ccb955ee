/**
 * Work on a partition that only one program may do at a time: read the partition's state, decide, commit. It uses what
 * followers use (lease, fencing, a position that must not have moved), so it holds across machines and after kill -9.
 * Every adapter's `exclusively` is this.
 */
import { failure } from '../core/errors.ts'
import type { ExclusiveWork } from '../core/ports.ts'
import type { FollowedLog } from './followed.ts'

export type ExclusiveLog = Pick<FollowedLog, 'partitions' | 'committed' | 'states' | 'commit' | 'lease'>

/**
 * The position of group `name` on the state topic counts the commits: nothing is read by it, and retention, which waits
 * for positions, leaves compacted topics alone.
 */
export async function workExclusively(
  log: ExclusiveLog,
  stateTopic: string,
  name: string,
  partition: number,
  work: ExclusiveWork,
): Promise<void> {
  if (!Number.isInteger(partition) || partition < 0 || partition >= log.partitions) {
    throw failure(
      'input',
      `${name} has no partition ${partition}; the log has partitions 0 to ${log.partitions - 1}`,
    )
  }
  const release = await leaseOf(log, name, stateTopic, partition)
  try {
    const expected = await log.committed(name, stateTopic, partition)
    const { emit, state } = await work(log.states(partition))
    if (emit.length + state.length === 0) return
    const nextOffset = (expected ?? 0) + 1
    const place = { group: name, topic: stateTopic, partition }
    await log.commit({ ...place, expected, nextOffset, keepFrom: nextOffset, emit, state })
  } finally {
    release()
  }
}

/** Waits for whoever does the same in this process. */
function leaseOf(log: ExclusiveLog, name: string, topic: string, partition: number): Promise<() => void> {
  return new Promise((resolve) => {
    const release = log.lease(name, topic, partition, () => {
      // The lease may be granted before `lease` has returned what gives it back.
      queueMicrotask(() => resolve(release))
    })
  })
}
