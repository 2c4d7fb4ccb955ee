/** The latest readings of an asset: looks back through its partition of the log, step by step, within limits. */
import type { EventLog, LogRecord } from '../core/ports.ts'
import type { Reading } from '../core/records.ts'
import { READINGS_ANSWER_BYTES, READINGS_SCAN_RECORDS, READINGS_SCAN_STEP } from './limits.ts'
import { readReading } from './record-value.ts'

export interface ReadingsPage {
  /** Newest first. */
  readonly readings: readonly Reading[]
  /** Where to go on looking back; null at the beginning of what the log holds. */
  readonly before: number | null
}

/**
 * @param before look at offsets below this; null: from the end
 * @returns fewer than `limit` readings when a limit on what one answer looks through was reached
 */
export async function readBack(
  log: EventLog,
  topic: string,
  asset: string,
  partition: number,
  limit: number,
  before: number | null,
): Promise<ReadingsPage> {
  const bounds = (await log.bounds(topic))[partition]
  if (bounds === undefined) return { readings: [], before: null }
  const readings: Reading[] = []
  let bytes = 0
  let to = Math.min(before ?? bounds.end, bounds.end)
  const lowest = Math.max(bounds.start, to - READINGS_SCAN_RECORDS)
  while (to > lowest) {
    const from = Math.max(lowest, to - READINGS_SCAN_STEP)
    for (const record of await mine(log, topic, asset, partition, from, to)) {
      const reading = readReading(record.value)
      bytes += record.value?.byteLength ?? 0
      const full = readings.length >= limit || (readings.length > 0 && bytes > READINGS_ANSWER_BYTES)
      if (full) return { readings, before: record.offset + 1 }
      if (reading !== null) readings.push(reading)
    }
    to = from
  }
  return { readings, before: to > bounds.start ? to : null }
}

/** Readings of the asset with offset in [from, to), newest first. Ticks and commands carry a type. */
async function mine(
  log: EventLog,
  topic: string,
  asset: string,
  partition: number,
  from: number,
  to: number,
): Promise<LogRecord[]> {
  const found: LogRecord[] = []
  for await (const records of log.read(topic, partition, from, to)) {
    for (const record of records) {
      if (record.key === asset && record.headers.type === undefined) found.push(record)
    }
  }
  return found.reverse()
}
