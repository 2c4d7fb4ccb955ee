/**
 * Who owns a partition of a group within this process. The first member of a group holds every partition;
 * later members stand by and take over, in the order of their coming, when it stops. (The embedded log has
 * one process, where sharing partitions out would win nothing; on Kafka the brokers do it.)
 */

export interface Leases {
  /**
   * @param name what is leased: group, topic and partition
   * @param granted called once, at the call when nobody holds it, else when those before have let go
   * @returns lets go, or gives up waiting; calling it again does nothing
   */
  acquire(name: string, granted: () => void): () => void
}

export function createLeases(): Leases {
  /** Holder first, then those who wait. */
  const queues = new Map<string, (() => void)[]>()
  return {
    acquire(name, granted) {
      const member = () => granted()
      const queue = queues.get(name) ?? []
      queues.set(name, queue)
      queue.push(member)
      if (queue[0] === member) member()
      return () => {
        const at = queue.indexOf(member)
        if (at < 0) return
        queue.splice(at, 1)
        if (queue.length === 0) queues.delete(name)
        else if (at === 0) queue[0]!()
      }
    },
  }
}
