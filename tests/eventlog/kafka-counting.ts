/**
 * A processor whose outcome shows every loss and doubling: it counts the records of its partition, keeps the count in
 * its state, and emits for each record its value and its number.
 */
import { expect } from 'vitest'
import type { EventLog, Processor } from '../../src/core/ports.ts'
import type { TopicNames } from '../../src/core/topics.ts'
import type { KafkaLog } from '../../src/eventlog/kafka.ts'
import { readAll, text } from './harness.ts'

export interface Counting {
  /** Records in a snapshot at least: a restore must then replay. */
  readonly snapshotEvery?: number
}

export function counting(
  topics: TopicNames,
  partition: number,
  { snapshotEvery = 1 }: Counting = {},
): Processor {
  let count = 0
  let snapshot = { offset: 0, count: 0 }
  return {
    async restore(state, committed) {
      for await (const chunk of state) {
        for (const { value } of chunk) snapshot = JSON.parse(text(value)!)
      }
      count = snapshot.count
      if (snapshot.offset > committed)
        throw new Error(`state is at ${snapshot.offset}, position at ${committed}`)
      return snapshot.offset
    },
    async process({ records, nextOffset, replay }) {
      const emit = [...records].map(({ key, value }) => ({
        topic: topics.scores,
        key,
        value: Buffer.from(`${text(value)}#${++count}`),
        partition,
      }))
      if (replay || nextOffset - snapshot.offset < snapshotEvery) {
        return { emit, state: [], keepFrom: snapshot.offset }
      }
      snapshot = { offset: nextOffset, count }
      const value = Buffer.from(JSON.stringify(snapshot))
      return { emit, state: [{ topic: topics.state, key: 'count', value }], keepFrom: nextOffset }
    },
    async close() {},
  }
}

/** Asking the brokers more often would slow down what is waited for. */
const LOOK_MS = 20

/** Waits until the positions of a group in all partitions of a topic sum up to `total`. */
export async function untilCommitted(
  log: KafkaLog,
  group: string,
  topic: string,
  total: number,
  withinMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const positions = await log.positions(group, topic)
    const sum = positions.reduce<number>((all, offset) => all + (offset ?? 0), 0)
    if (sum === total) return
    if (performance.now() > deadline)
      throw new Error(`group ${group} is at ${positions}, not at ${total} in all`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/** Every reading must have given one score, in order, with its number. */
export async function checkCounted(log: EventLog, topics: TopicNames): Promise<number> {
  let all = 0
  for (let partition = 0; partition < log.partitions; partition++) {
    const readings = await readAll(log, topics.readings, partition)
    const scores = await readAll(log, topics.scores, partition)
    const wanted = readings.map(({ key, value }, index) => `${key}=${text(value)}#${index + 1}`)
    expect(scores.map(({ key, value }) => `${key}=${text(value)}`)).toEqual(wanted)
    all += readings.length
  }
  return all
}
