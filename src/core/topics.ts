/**
 * The one table of topics: names, keys, clean-up and partitioning (design 4.2).
 * Adapters make topics from it; every stage takes its names from `topicNames`.
 */

export interface TopicSpec {
  /** `compact` keeps the latest record per key, `delete` keeps by age and size. */
  readonly cleanup: 'compact' | 'delete'
}

/** All are partitioned by asset id with the same count, so a partition of one belongs to that of the others. */
export const TOPICS = {
  readings: { cleanup: 'delete' },
  scores: { cleanup: 'delete' },
  alerts: { cleanup: 'delete' },
  'alert-states': { cleanup: 'compact' },
  'dead-letters': { cleanup: 'delete' },
  state: { cleanup: 'compact' },
  models: { cleanup: 'compact' },
} as const satisfies Record<string, TopicSpec>

export type Topic = keyof typeof TOPICS

/** Full name of each topic. */
export type TopicNames = Readonly<Record<Topic, string>>

/**
 * @param prefix put before each name, `forewarn.` by default
 * @param names full names of single topics that were set
 */
export function topicNames(prefix: string, names: Partial<Record<Topic, string>> = {}): TopicNames {
  const entries = Object.keys(TOPICS).map((topic) => [topic, names[topic as Topic] ?? `${prefix}${topic}`])
  return Object.fromEntries(entries) as TopicNames
}

/** Values of the header `type` on the `readings` topic; a reading has none. */
export const RECORD_TYPE = { tick: 'tick', command: 'command', pulse: 'pulse' } as const

/** Why a payload is a dead letter (header `reason`). */
export const DEAD_LETTER_REASONS = [
  'not-json',
  'schema',
  'bad-asset',
  'late',
  'future',
  'too-large',
  'unassigned',
] as const

export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number]
