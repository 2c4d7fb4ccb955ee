/** Batches of Kafka's as records, all at once: what tests look at. */
import type { LogRecord } from '../../src/core/ports.ts'
import { type Aborted, readBatch, type Scanned, scanBatches } from '../../src/eventlog/kafka-batch.ts'

export interface Decoded extends Pick<Scanned, 'nextOffset'> {
  readonly records: LogRecord[]
}

export function decodeBatches(bytes: Buffer, from: number, aborted: readonly Aborted[]): Decoded {
  const { batches, nextOffset } = scanBatches(bytes, from, aborted)
  const records: LogRecord[] = []
  for (const batch of batches) readBatch(batch, from, records)
  return { records, nextOffset }
}
