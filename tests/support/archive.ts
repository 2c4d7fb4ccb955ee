/** All that ever stood on the topics of a log, kept while its retention removes it. */
import type { EventLog, LogRecord } from '../../src/core/ports.ts'
import type { World } from './world.ts'

/** Topics whose records are kept one by one. */
const KEPT = ['readings', 'scores', 'alerts', 'dead-letters'] as const

/** Records by partition, from offset 0 without a hole; of `alert-states`, what stands there now. */
export type Archive = Record<(typeof KEPT)[number] | 'alert-states', LogRecord[][]>

export function createArchive({ partitions }: World): Archive {
  const none = () => Array.from({ length: partitions }, (): LogRecord[] => [])
  return { readings: none(), scores: none(), alerts: none(), 'dead-letters': none(), 'alert-states': none() }
}

/**
 * Takes over what came since the last call.
 * @throws when an offset is missing or there twice
 */
export async function archive(kept: Archive, { topics, partitions }: World, log: EventLog): Promise<void> {
  for (let partition = 0; partition < partitions; partition++) {
    for (const topic of KEPT) {
      const records = kept[topic][partition]!
      for await (const chunk of log.read(topics[topic], partition, records.length)) {
        for (const record of chunk) {
          if (record.offset !== records.length) {
            throw new Error(`${topic}/${partition}: offset ${record.offset} follows ${records.length - 1}`)
          }
          records.push(record)
        }
      }
    }
    const states = kept['alert-states'][partition]!
    states.length = 0
    for await (const chunk of log.read(topics['alert-states'], partition, 0)) states.push(...chunk)
  }
}
