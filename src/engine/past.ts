/**
 * The readings of a log through a lane once more, without effects on its topics: what `backtest` runs. Records come in
 * log order with their ticks and commands, so the same config gives what live gave; another one, what it would have.
 */
import { partitionOf } from '../core/murmur2.ts'
import type { EventLog, NewRecord } from '../core/ports.ts'
import { INGEST } from '../core/silence.ts'
import { createLane, type LaneOptions } from './lane.ts'

export interface PastOptions extends Omit<LaneOptions, 'partition' | 'ingestPartition' | 'inferred'> {
  readonly log: EventLog
  /** First offset that is read of each partition. */
  readonly from: readonly number[]
}

export interface PastBatch {
  readonly partition: number
  /** Records that were read for it. */
  readonly records: number
  readonly emit: readonly NewRecord[]
}

/**
 * Partition after partition, to the ends that they have when it begins; windows that are open there stay open.
 * @yields what each chunk of the log causes, in order
 */
export async function* runPast(options: PastOptions): AsyncGenerator<PastBatch> {
  const { log, topics, from } = options
  const ends = (await log.bounds(topics.readings)).map(({ end }) => end)
  const ingestPartition = partitionOf(INGEST, ends.length)
  for (const [partition, end] of ends.entries()) {
    const lane = createLane({ ...options, partition, ingestPartition, inferred() {} })
    for await (const records of log.read(topics.readings, partition, from[partition]!, end)) {
      for (const record of records) lane.take(record)
      yield { partition, records: records.length, emit: lane.flush().emit }
    }
  }
}
