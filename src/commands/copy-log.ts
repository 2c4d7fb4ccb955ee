/**
 * `copy-log`: the readings of the embedded log appended to Kafka, for whoever outgrows one process. The engine there
 * reads them from the start and comes to the same windows, scores and alerts.
 */
import type { LogSettings } from '../config/settings.ts'
import { failure } from '../core/errors.ts'
import type { EventLog } from '../core/ports.ts'
import { openEventLog } from '../eventlog/open.ts'
import { configOf, kafkaFlags } from './config.ts'
import { type Copied, copyReadings } from './log-copy.ts'

export interface CopyLogOptions {
  readonly config?: string
  readonly data?: string
  readonly kafka?: string
  /** Full name of the readings' topic in the data folder, where it is another than on Kafka. */
  readonly fromTopic?: string
}

export async function copyLog(options: CopyLogOptions): Promise<void> {
  const { settings } = configOf(options, { 'log.dir': options.data, ...kafkaFlags(options.kafka) })
  const { log } = settings
  if (log.adapter !== 'kafka') {
    throw failure('usage', 'copy-log needs to know where to: --kafka HOST:PORT, or log.adapter: kafka')
  }
  const fromTopic = options.fromTopic ?? log.topics.readings
  const from = await openSource(log, fromTopic)
  try {
    const to = await openEventLog(log)
    try {
      const copied = await copyReadings({
        from,
        to,
        fromTopic,
        topics: log.topics,
        batchRecords: log.batchRecords,
        onPartition: (partition, records) =>
          console.error(`partition ${partition} of ${from.partitions}: ${records} records`),
      })
      console.log(reportOf(copied, log, to.partitions))
    } finally {
      await to.close()
    }
  } finally {
    await from.close()
  }
}

/**
 * The data folder as its owner, so that no program writes to it meanwhile; nothing is removed from it.
 * @throws failure 'not-found' when there are no readings in it, 'log-locked' while a program runs on it
 */
async function openSource(log: LogSettings, fromTopic: string): Promise<EventLog> {
  const embedded = { ...log, adapter: 'embedded' } as const
  const partitions = await partitionsOf(embedded, fromTopic)
  const all = { retentionMs: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY }
  return openEventLog({ ...embedded, ...all, partitions, topics: { ...log.topics, readings: fromTopic } })
}

/** By a look at the folder that changes nothing in it. */
async function partitionsOf(log: LogSettings, fromTopic: string): Promise<number> {
  const visit = await openEventLog(log, { readOnly: true })
  try {
    const bounds = await visit.bounds(fromTopic)
    if (bounds.some(({ start, end }) => end > start)) return visit.partitions
    throw failure(
      'not-found',
      `${log.dir} holds no readings under the name ${fromTopic}; --from-topic tells another name`,
    )
  } finally {
    await visit.close()
  }
}

function reportOf(
  { readings, commands, ticks, ticksLeftOut }: Copied,
  log: LogSettings,
  partitions: number,
): string {
  const leftOut =
    ticksLeftOut === 0
      ? ''
      : `\n${ticksLeftOut} ticks stayed behind, as the counts of partitions differ: windows that had closed on silence ` +
        'close at the next reading of their asset instead'
  return (
    `copied ${readings} readings, ${commands} commands and ${ticks} ticks from ${log.dir} to ${log.topics.readings} ` +
    `(${partitions} partitions)${leftOut}\n` +
    `Start it there with the same config: forewarn up --kafka ${log.kafka?.brokers.join(',')}`
  )
}
