/** Who wants to know that a partition has grown: the in-process wake-up of followers, so that none polls. */

export interface Subscribers {
  /** @returns ends the subscription */
  add(topic: string, grown: (partition: number) => void): () => void
  tell(topic: string, partition: number): void
  /** Is anybody following this topic here? */
  has(topic: string): boolean
}

export function createSubscribers(): Subscribers {
  const byTopic = new Map<string, Set<(partition: number) => void>>()
  return {
    add(topic, grown) {
      const listeners = byTopic.get(topic) ?? new Set()
      byTopic.set(topic, listeners)
      const listener = (partition: number) => grown(partition)
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0 && byTopic.get(topic) === listeners) byTopic.delete(topic)
      }
    },
    tell(topic, partition) {
      const listeners = byTopic.get(topic)
      if (listeners !== undefined) for (const listener of listeners) listener(partition)
    },
    has: (topic) => byTopic.has(topic),
  }
}
