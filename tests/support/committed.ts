/** What stands on the topics of a log, and what an undisturbed engine makes of the same readings (law 2). */
import type { Settings } from '../../src/config/settings.ts'
import type { EventLog, LogRecord, NewRecord } from '../../src/core/ports.ts'
import { startEngine } from '../../src/engine/engine.ts'
import type { EnginePipeline } from '../../src/engine/pipeline.ts'
import { createMemoryLog } from '../../src/eventlog/memory.ts'

/** All records of a topic, by partition. */
export async function recordsOf(log: EventLog, topic: string): Promise<LogRecord[][]> {
  const all: LogRecord[][] = []
  for (const [partition, { start }] of (await log.bounds(topic)).entries()) {
    const records: LogRecord[] = []
    for await (const chunk of log.read(topic, partition, start)) records.push(...chunk)
    all.push(records)
  }
  return all
}

/** Keys and values as text, by partition, in order. */
export async function valuesOf(log: EventLog, topic: string): Promise<string[][]> {
  const decoder = new TextDecoder()
  const text = ({ key, value }: LogRecord) => `${key} ${value === null ? 'null' : decoder.decode(value)}`
  return (await recordsOf(log, topic)).map((records) => records.map(text))
}

/**
 * A log with the same `readings`, processed from its beginning by an engine that nobody disturbs.
 * @param readings by partition, without holes
 */
export async function undisturbed(
  settings: Settings,
  pipelines: readonly EnginePipeline[],
  readings: readonly (readonly LogRecord[])[],
): Promise<EventLog> {
  const { log: parts, limits } = settings
  const log = createMemoryLog({ partitions: readings.length, topics: parts.topics, group: parts.group })
  for (const [partition, records] of readings.entries()) {
    const again = records.map(
      ({ key, value, headers }): NewRecord => ({
        topic: parts.topics.readings,
        key,
        value,
        headers,
        partition,
      }),
    )
    for (let i = 0; i < again.length; i += 5000) await log.append(again.slice(i, i + 5000))
  }
  const engine = startEngine({
    log,
    group: parts.group,
    topics: parts.topics,
    pipelines,
    limits,
    ticksMs: null,
    untilCaughtUp: true,
    clock: { now: () => 0, monotonic: () => 0 },
    observer: { restored() {}, inferred() {}, committed() {} },
    append() {
      throw new Error('ticks are off')
    },
    onError(error) {
      throw error
    },
  })
  await engine.done
  return log
}
