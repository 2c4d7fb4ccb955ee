/** `tail TOPIC`: a topic as JSON Lines, from the log itself, also while its owner is running. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { failure } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import type { EventLog, LogRecord, Records } from '../core/ports.ts'
import { parseTime } from '../core/time.ts'
import { TOPICS, type Topic } from '../core/topics.ts'
import { openEventLog } from '../eventlog/open.ts'
import { configOf, kafkaFlags } from './config.ts'

export interface TailOptions {
  /** `start`, a time, or nothing: what comes from now on with `--follow`, else everything. */
  readonly from?: string
  readonly follow?: boolean
  readonly config?: string
  readonly data?: string
  readonly kafka?: string
}

export async function tail(topic: string, options: TailOptions): Promise<void> {
  const { settings } = configOf(options, { 'log.dir': options.data, ...kafkaFlags(options.kafka) })
  const name = topicName(topic, settings.log.topics)
  const log = await openEventLog(settings.log, { readOnly: true })
  try {
    const from = await startOf(log, name, options)
    if (options.follow) await follow(log, name, from, process.stdout)
    else await print(log, name, from, process.stdout)
  } finally {
    await log.close()
  }
}

/** A topic by its short name or its full one. */
function topicName(topic: string, names: Readonly<Record<Topic, string>>): string {
  const known = Object.keys(TOPICS)
  if (known.includes(topic)) return names[topic as Topic]
  if (Object.values(names).includes(topic)) return topic
  const near = nearest(topic, known)
  throw failure(
    'usage',
    `no topic ${topic}; ${near ? `did you mean ${near}?` : `there are ${known.join(', ')}`}`,
  )
}

/** First offset of each partition. */
async function startOf(log: EventLog, topic: string, { from, follow }: TailOptions): Promise<number[]> {
  const bounds = await log.bounds(topic)
  if (from === 'start' || (from === undefined && !follow)) return bounds.map(({ start }) => start)
  if (from === undefined) return bounds.map(({ end }) => end)
  const time = /^-?[0-9]+$/.test(from) ? parseTime(Number(from)) : parseTime(from)
  if (time === null)
    throw failure('usage', `--from ${from} is no time; write start, epoch ms or RFC 3339 with a zone`)
  return Promise.all(
    bounds.map(({ start, end }, partition) => firstAt(log, topic, partition, start, end, time)),
  )
}

/** First offset whose record the log took at `time` or later, by halving. */
export async function firstAt(
  log: EventLog,
  topic: string,
  partition: number,
  start: number,
  end: number,
  time: number,
): Promise<number> {
  let low = start
  let high = end
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const record = await recordAt(log, topic, partition, middle, high)
    if (record === null || record.timestamp >= time) high = middle
    else low = record.offset + 1
  }
  return low
}

/** The first record at or behind an offset; offsets may have holes. */
async function recordAt(
  log: EventLog,
  topic: string,
  partition: number,
  from: number,
  to: number,
): Promise<LogRecord | null> {
  for await (const chunk of log.read(topic, partition, from, to)) {
    if (chunk[0]) return chunk[0]
  }
  return null
}

async function print(log: EventLog, topic: string, from: readonly number[], out: Writable): Promise<void> {
  for (let partition = 0; partition < from.length; partition++) {
    for await (const chunk of log.read(topic, partition, from[partition]!)) await write(out, partition, chunk)
  }
}

async function follow(log: EventLog, topic: string, from: readonly number[], out: Writable): Promise<void> {
  const follower = log.follow({
    topic,
    group: null,
    from,
    open: (partition) => ({
      restore: async (_state, committed) => committed,
      async process({ records }) {
        await write(out, partition, records)
        return { emit: [], state: [], keepFrom: 0 }
      },
      async close() {},
    }),
  })
  const stop = () => void follower.stop()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  await follower.done
}

async function write(out: Writable, partition: number, records: Records): Promise<void> {
  const lines = [...records].map((record) => `${lineOf(partition, record)}\n`).join('')
  if (lines !== '' && !out.write(lines)) await once(out, 'drain')
}

/** One line of JSON; the value as base64 where it isn't JSON. */
export function lineOf(partition: number, { offset, timestamp, key, headers, value }: LogRecord): string {
  return JSON.stringify({
    partition,
    offset,
    timestamp,
    key,
    headers,
    value: value === null ? null : readable(value),
  })
}

/** JSON as it is; anything else in base64. */
export function readable(value: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value))
  } catch {
    // Not JSON: shown as it is, in base64, as the contract of `tail` has it.
    return Buffer.from(value).toString('base64')
  }
}
