/**
 * The records of whole batches, made while somebody goes through them: each is garbage before the next one is made, where
 * those of a list outlive two collections, which took an eighth of the engine's time on Kafka.
 */
import type { LogRecord, Records } from '../core/ports.ts'
import { eachRecord, readBatch, type SoundBatch } from './kafka-batch.ts'

/** @returns the records of the batches; going through them throws failure 'input' that names the offset, for what can't be read */
export function runOf(batches: readonly SoundBatch[]): Records {
  return {
    length: batches.reduce((sum, { head }) => sum + head.count, 0),
    forEach(visit) {
      for (const batch of batches) eachRecord(batch, visit)
    },
    *[Symbol.iterator]() {
      for (const batch of batches) {
        const records: LogRecord[] = []
        readBatch(batch, 0, records)
        yield* records
      }
    },
  }
}
