/** What the laws of the event log are tried with: records, processors that note what they see, waiting. */

import type { Batch, Effects, LogRecord, NewRecord, Processor } from '../../src/core/ports.ts'
import { EMPTY_HEADERS, type EventLog, type Follower, type FollowOptions } from '../../src/core/ports.ts'
import { topicNames } from '../../src/core/topics.ts'
import type { Retained } from '../../src/eventlog/retention.ts'
import { type Scheduler, systemScheduler } from '../../src/eventlog/scheduler.ts'

export const TOPICS = topicNames('t.')
export const PARTITIONS = 3
export const GROUP = 'engine'

/** An adapter on a disk that outlives its logs. */
export interface Subject {
  /** The log that is open now. */
  readonly log: EventLog
  /** Drops the log, orderly or not, and opens another on the same disk. */
  restart(): Promise<void>
  retain(nowMs: number): Promise<Retained>
  dispose(): Promise<void>
}

export interface SubjectOptions {
  readonly retentionMs?: number
  readonly maxBytes?: number
  readonly now?: () => number
}

export type MakeSubject = (options?: SubjectOptions) => Promise<Subject>

/** Waits a hundredth of what is asked for, so that back-off doesn't slow the tests. */
export const hasty: Scheduler = {
  after: (ms, task) => systemScheduler.after(ms / 100, task),
  turn: systemScheduler.turn,
}

export function record(
  topic: string,
  key: string | null,
  value: string | null,
  partition?: number,
): NewRecord {
  const bytes = value === null ? null : Buffer.from(value)
  return partition === undefined ? { topic, key, value: bytes } : { topic, key, value: bytes, partition }
}

export const reading = (key: string, value: string) => record(TOPICS.readings, key, value)

/** Readings with these values, all in one partition. */
export const inPartition = (partition: number, values: readonly (number | string)[]): NewRecord[] =>
  values.map((value) => record(TOPICS.readings, 'k', `${value}`, partition))

export const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i)

export function text(value: Uint8Array | null): string | null {
  return value === null ? null : Buffer.from(value).toString()
}

/** `key=value` of each record. */
export function shown(records: Iterable<LogRecord>): string[] {
  return [...records].map(({ key, value }) => `${key}=${text(value)}`)
}

export async function readAll(
  log: EventLog,
  topic: string,
  partition: number,
  from = 0,
  to?: number,
): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  for await (const chunk of log.read(topic, partition, from, to)) {
    if (chunk.length === 0) throw new Error('a chunk was empty')
    records.push(...chunk)
  }
  return records
}

/** All partitions of a topic, one after another. */
export async function readTopic(log: EventLog, topic: string): Promise<LogRecord[]> {
  const all: LogRecord[] = []
  for (let partition = 0; partition < log.partitions; partition++) {
    all.push(...(await readAll(log, topic, partition)))
  }
  return all
}

/** Resolves when the condition holds; rejects after `withinMs`, which only a failing test reaches. */
export async function until(condition: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not reached within ${withinMs} ms: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

export const NO_EFFECTS = { emit: [], state: [] } as const

export function effects(batch: Batch, change: Partial<Effects> = {}): Effects {
  return { ...NO_EFFECTS, keepFrom: batch.nextOffset, ...change }
}

/** What one processor saw. */
export interface Seen {
  readonly partition: number
  readonly states: LogRecord[]
  committed: number
  readonly batches: Batch[]
  readonly confirmed: Batch[]
  closed: boolean
}

export interface Script {
  /** Default: from the committed position. */
  restore?(seen: Seen): number
  process?(batch: Batch, seen: Seen): Effects | Promise<Effects>
  confirm?(batch: Batch): void
}

/** Follows with processors that note everything in `seen`, in the order in which they were opened. */
export function watch(
  log: EventLog,
  options: Partial<FollowOptions> = {},
  script: Script = {},
): { follower: Follower; seen: Seen[]; errors: Error[] } {
  const seen: Seen[] = []
  const errors: Error[] = []
  const follower = log.follow({
    topic: TOPICS.readings,
    group: GROUP,
    open(partition) {
      const one: Seen = { partition, states: [], committed: -1, batches: [], confirmed: [], closed: false }
      seen.push(one)
      return scripted(one, script)
    },
    onError: (error) => errors.push(error),
    ...options,
  })
  return { follower, seen, errors }
}

function scripted(seen: Seen, script: Script): Processor {
  return {
    async restore(state, committed) {
      seen.committed = committed
      for await (const chunk of state) seen.states.push(...chunk)
      return script.restore?.(seen) ?? committed
    },
    async process(batch) {
      const result = await (script.process?.(batch, seen) ?? effects(batch))
      seen.batches.push(batch)
      return result
    },
    committed(batch) {
      script.confirm?.(batch)
      seen.confirmed.push(batch)
    },
    async close() {
      seen.closed = true
    },
  }
}

/** Records that live batches brought, of all processors, as `key=value` by partition. */
export function received(seen: readonly Seen[], partition?: number): string[] {
  return seen
    .filter((one) => partition === undefined || one.partition === partition)
    .flatMap((one) => one.batches.filter((batch) => !batch.replay).flatMap((batch) => shown(batch.records)))
}

/** Follows to the end of the log as it is now. */
export async function catchUp(log: EventLog, options: Partial<FollowOptions> = {}, script: Script = {}) {
  const watched = watch(log, { untilCaughtUp: true, ...options }, script)
  await watched.follower.done
  return watched
}

export { EMPTY_HEADERS }
