/**
 * Where the groups stand: committed read positions, and what a restore would read again. Retention asks it
 * what it may remove. Both adapters keep one; LMDB also writes it to disk with each commit.
 */

/** A group in a partition. */
export interface GroupPosition {
  /** Committed read position. */
  readonly offset: number
  /** Oldest offset that a restore would read. */
  readonly keepFrom: number
}

export interface Groups {
  /** `null` before the first commit. */
  get(group: string, topic: string, partition: number): GroupPosition | null
  set(group: string, topic: string, partition: number, position: GroupPosition): void
  /** Offset before which every group is done; Infinity when no group reads the partition. */
  floorOf(topic: string, partition: number): number
  /** The group that is furthest behind, for messages; `null` when there is none. */
  slowest(topic: string, partition: number): string | null
}

/**
 * @param expected a group that has a claim before its first commit: readings wait for an engine that has not
 *   run yet
 */
export function createGroups(expected: { readonly group: string; readonly topic: string }): Groups {
  const partitions = new Map<string, Map<string, GroupPosition>>()
  const groupsOf = (topic: string, partition: number) => {
    const name = `${topic}\n${partition}`
    const groups = partitions.get(name) ?? new Map<string, GroupPosition>()
    partitions.set(name, groups)
    return groups
  }
  const slowestOf = (topic: string, partition: number) => {
    const groups = groupsOf(topic, partition)
    const waiting = topic === expected.topic && !groups.has(expected.group)
    let name = waiting ? expected.group : null
    let floor = waiting ? 0 : Number.POSITIVE_INFINITY
    for (const [group, { keepFrom }] of groups) {
      if (keepFrom >= floor) continue
      floor = keepFrom
      name = group
    }
    return { name, floor }
  }
  return {
    get: (group, topic, partition) => groupsOf(topic, partition).get(group) ?? null,
    set: (group, topic, partition, position) => {
      groupsOf(topic, partition).set(group, position)
    },
    floorOf: (topic, partition) => slowestOf(topic, partition).floor,
    slowest: (topic, partition) => slowestOf(topic, partition).name,
  }
}
