/**
 * Shares the partitions of a group out over its members: evenly, and each keeps what it has as far as that goes, since
 * a partition that moves must restore its state first. Pure, and the same on every member, as any may be the leader.
 */

export interface GroupMember {
  readonly id: string
  readonly topics: readonly string[]
  /** What it owned when it joined, of the topics above. */
  readonly owned: readonly number[]
  /** Generation in which it came to own that: of two claims the younger counts. */
  readonly generation: number
}

/** Topic → partitions. */
export type Assignment = Readonly<Record<string, readonly number[]>>

/**
 * @param members each follows one topic or several
 * @param partitions of every topic, which all have the same count
 * @returns what each member gets, by its id
 */
export function assignPartitions(
  members: readonly GroupMember[],
  partitions: number,
): ReadonlyMap<string, Assignment> {
  const assigned = new Map<string, Record<string, readonly number[]>>(members.map(({ id }) => [id, {}]))
  for (const topic of [...new Set(members.flatMap(({ topics }) => topics))].sort()) {
    const followers = members.filter(({ topics }) => topics.includes(topic))
    for (const [id, shares] of assignTopic(followers, partitions)) assigned.get(id)![topic] = shares
  }
  return assigned
}

function assignTopic(members: readonly GroupMember[], partitions: number): Map<string, number[]> {
  const claims = claimsOf(members, partitions)
  const least = Math.floor(partitions / members.length)
  let larger = partitions % members.length
  const shares = new Map<string, number[]>()
  // Those who have most come first, so that the larger shares go where nothing must move for them.
  const order = [...members].sort(
    (a, b) => claims.get(b.id)!.length - claims.get(a.id)!.length || compare(a.id, b.id),
  )
  const free = new Set(Array.from({ length: partitions }, (_, partition) => partition))
  const quotas = new Map<string, number>()
  for (const { id } of order) {
    const quota = least + (larger > 0 ? 1 : 0)
    larger -= quota - least
    quotas.set(id, quota)
    const kept = claims.get(id)!.slice(0, quota)
    shares.set(id, kept)
    for (const partition of kept) free.delete(partition)
  }
  const rest = [...free]
  for (const { id } of order) {
    const share = shares.get(id)!
    while (share.length < quotas.get(id)!) share.push(rest.shift()!)
    share.sort((a, b) => a - b)
  }
  return shares
}

/** Each partition's youngest claim. */
function claimsOf(members: readonly GroupMember[], partitions: number): Map<string, number[]> {
  const claims = new Map<string, number[]>(members.map(({ id }) => [id, []]))
  for (let partition = 0; partition < partitions; partition++) {
    const [owner] = members
      .filter(({ owned }) => owned.includes(partition))
      .sort((a, b) => b.generation - a.generation || compare(a.id, b.id))
    if (owner !== undefined) claims.get(owner.id)!.push(partition)
  }
  return claims
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
