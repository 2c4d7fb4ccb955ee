/**
 * Where the groups stand: committed read positions, and what a restore would read again. Retention asks it
 * what it may remove. Both adapters keep one; LMDB also writes it to disk with each commit.
 *
 * A group that nobody follows here and that has committed nothing for the time of retention no longer holds
 * anything back: else a group that was renamed would fill the disk.
 */

/** A group in a partition. */
export interface GroupPosition {
  /** Committed read position. */
  readonly offset: number
  /** Oldest offset that a restore would read. */
  readonly keepFrom: number
  /** Epoch ms of the commit. */
  readonly atMs: number
}

/** Who holds a partition back, and where. */
export interface Slowest {
  readonly group: string
  readonly keepFrom: number
}

export interface Groups {
  /** `null` before the first commit. */
  get(group: string, topic: string, partition: number): GroupPosition | null
  set(group: string, topic: string, partition: number, position: GroupPosition): void
  /** Somebody follows as this group. */
  follow(group: string): void
  /** The group that is furthest behind; `null` when nothing has to be kept for any. */
  slowest(topic: string, partition: number, nowMs: number): Slowest | null
}

export interface GroupsOptions {
  /** Has a claim before its first commit, and always: readings wait for an engine that has not run yet. */
  readonly expected: { readonly group: string; readonly topic: string }
  /** How long a group that nobody follows is waited for. */
  readonly retentionMs: number
}

export function createGroups({ expected, retentionMs }: GroupsOptions): Groups {
  const partitions = new Map<string, Map<string, GroupPosition>>()
  const followed = new Set<string>([expected.group])
  const groupsOf = (topic: string, partition: number) => {
    const name = `${topic}\n${partition}`
    const groups = partitions.get(name) ?? new Map<string, GroupPosition>()
    partitions.set(name, groups)
    return groups
  }
  return {
    get: (group, topic, partition) => groupsOf(topic, partition).get(group) ?? null,
    set(group, topic, partition, position) {
      groupsOf(topic, partition).set(group, position)
    },
    follow(group) {
      followed.add(group)
    },
    slowest(topic, partition, nowMs) {
      const groups = groupsOf(topic, partition)
      if (topic === expected.topic && !groups.has(expected.group)) {
        return { group: expected.group, keepFrom: 0 }
      }
      let slowest: Slowest | null = null
      for (const [group, { keepFrom, atMs }] of groups) {
        if (!followed.has(group) && atMs < nowMs - retentionMs) continue
        if (slowest === null || keepFrom < slowest.keepFrom) slowest = { group, keepFrom }
      }
      return slowest
    },
  }
}
