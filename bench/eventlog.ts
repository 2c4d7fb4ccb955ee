/**
 * How fast the event log is: appends by size, a steady stream through the appender with an engine-like follower behind
 * it, reading, commits one after another, restoring. `npm run bench eventlog [FOLDER]` for the embedded log, and
 * `npm run bench eventlog kafka HOST:PORT` for Kafka, where it leaves its topics behind: take brokers to throw away
 * (`npm run kafka -- start --fresh`). CPU is that of this process, without the brokers.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resolveKafka } from '../src/config/kafka.ts'
import type { Batch, Effects, EventLog, NewRecord, Processor } from '../src/core/ports.ts'
import { topicNames } from '../src/core/topics.ts'
import { createAppender } from '../src/eventlog/appender.ts'
import { openKafkaLog } from '../src/eventlog/kafka.ts'
import { openLmdbLog } from '../src/eventlog/lmdb.ts'

/** New in each measurement on Kafka, where topics outlive it. */
let TOPICS = topicNames('bench.')
const PARTITIONS = 4
const ASSETS = 1000
const VALUE = Buffer.from(
  '{"asset":"pump-0001","ts":1700000000000,"values":{"temperature":61.2,"vibration":0.42,"pressure":3.1,"current":11.2,"flow":2.2,"speed":1480}}',
)
/** Readings per second that the steady stream offers, and for how long. */
const STEADY_PER_SECOND = 40_000
const STEADY_MS = 5000
const STEADY_TICK_MS = 5

export interface Figure {
  readonly what: string
  readonly recordsPerSecond: number
  /** Of one append or from add to done, ms. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** CPU seconds of the process, all threads, per million records. */
  readonly cpuSecondsPerMillion: number
}

/** Gives the work an empty log, and clears up behind it. */
type WithLog = <T>(work: (log: EventLog) => Promise<T>) => Promise<T>

/** Measures one after another. */
export async function benchEventLog(withLog: WithLog): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const size of [1, 10, 100, 500, 2000]) figures.push(await withLog((log) => appends(log, size)))
  figures.push(await withLog(steady))
  figures.push(...(await withLog(readings)))
  figures.push(await withLog(commits))
  figures.push(await withLog(restoring))
  return figures
}

/** @param dir a folder on the disk to be measured; emptied afterwards */
function onDisk(dir: string): WithLog {
  return async (work) => {
    const folder = mkdtempSync(join(dir, 'forewarn-bench-'))
    const log = await openLmdbLog({
      dir: folder,
      partitions: PARTITIONS,
      topics: TOPICS,
      group: 'bench',
      retentionMs: Number.POSITIVE_INFINITY,
      maxBytes: Number.POSITIVE_INFINITY,
    })
    try {
      return await work(log)
    } finally {
      await log.close()
      rmSync(folder, { recursive: true })
    }
  }
}

function onKafka(brokers: string): WithLog {
  let run = 0
  const kafka = resolveKafka({
    brokers,
    clientId: 'bench',
    ssl: {},
    sasl: {},
    compression: 'none',
    sessionTimeout: '10s',
    transactionTimeout: '15s',
    requestTimeout: '15s',
  })
  return async (work) => {
    const prefix = `bench-${process.pid}-${run++}.`
    TOPICS = topicNames(prefix)
    const options = { kafka, partitions: PARTITIONS, topics: TOPICS, group: `${prefix}bench` }
    const log = await openKafkaLog({ ...options, retentionMs: Number.POSITIVE_INFINITY })
    try {
      return await work(log)
    } finally {
      await log.close()
    }
  }
}

/** One append after another. */
async function appends(log: EventLog, size: number): Promise<Figure> {
  const count = Math.min(2000, Math.ceil(400_000 / size))
  const taken: number[] = []
  const measured = measure()
  for (let i = 0; i < count; i++) {
    const records = readingsOf(i * size, size)
    const start = performance.now()
    await log.append(records)
    taken.push(performance.now() - start)
  }
  return measured(`append of ${size}, one after another`, count * size, taken)
}

/** A steady stream through the appender; behind it a follower that writes scores, alerts and state. */
async function steady(log: EventLog): Promise<Figure> {
  const appender = createAppender(log, {
    batchRecords: 2000,
    waitMs: 5,
    pendingRecords: 1_000_000,
    pendingBytes: 1e9,
  })
  const follower = log.follow({ topic: TOPICS.readings, group: groupName(), gatherMs: 20, open: scoring })
  const perTick = (STEADY_PER_SECOND * STEADY_TICK_MS) / 1000
  const taken: number[] = []
  const measured = measure()
  let added = 0
  const begin = performance.now()
  while (performance.now() - begin < STEADY_MS) {
    const due = ((performance.now() - begin) / STEADY_TICK_MS) * perTick
    for (; added < due; added++) {
      const start = performance.now()
      appender.add(readingsOf(added, 1), () => taken.push(performance.now() - start))
    }
    await new Promise((resolve) => setTimeout(resolve, STEADY_TICK_MS))
  }
  await appender.close()
  const lag = [...(await follower.lag()).values()].reduce((sum, one) => sum + one, 0)
  const figure = measured(`steady ${STEADY_PER_SECOND}/s with a follower (lag ${lag})`, added, taken)
  await follower.stop()
  return figure
}

/** Reads what was written: as a range from disk, and as a follower that commits. */
async function readings(log: EventLog): Promise<Figure[]> {
  const count = 1_000_000
  for (let at = 0; at < count; at += 2000) await log.append(readingsOf(at, 2000))
  const ranged = measure()
  let seen = 0
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for await (const chunk of log.read(TOPICS.readings, partition, 0)) seen += chunk.length
  }
  const range = ranged('read a range', seen, [])
  const followed = measure()
  await log.follow({ topic: TOPICS.readings, group: groupName(), untilCaughtUp: true, open: scoring }).done
  return [range, followed('follow and commit to 3 topics', count, [])]
}

/** A commit for each record of one partition: effects, state and position, as soon as the one before is done. */
async function commits(log: EventLog): Promise<Figure> {
  const count = 500
  await log.append(readingsOf(0, count).map((record) => ({ ...record, partition: 0 })))
  const taken: number[] = []
  const measured = measure()
  const open = (): Processor => {
    let begin = 0
    return {
      restore: async (_, committed) => committed,
      async process(batch) {
        begin = performance.now()
        return effectsOf(batch)
      },
      committed: () => void taken.push(performance.now() - begin),
      close: async () => undefined,
    }
  }
  await log.follow({ topic: TOPICS.readings, group: groupName(), untilCaughtUp: true, batchRecords: 1, open })
    .done
  return measured('commits of 1, one after another', count, taken)
}

/** A million keys of state, each written once, handed to the processors of a new owner. */
async function restoring(log: EventLog): Promise<Figure> {
  const count = 1_000_000
  for (let at = 0; at < count; at += 5000) {
    await log.append(
      Array.from({ length: 5000 }, (_, i) => ({
        topic: TOPICS.state,
        key: `asset-${at + i}`,
        value: VALUE,
        partition: i % PARTITIONS,
      })),
    )
  }
  const measured = measure()
  await log.follow({ topic: TOPICS.readings, group: groupName(), untilCaughtUp: true, open: scoring }).done
  return measured('restore of a million keys', count, [])
}

const groupName = () => `${TOPICS.readings}-bench`

function scoring(): Processor {
  return {
    async restore(state, committed) {
      for await (const chunk of state) if (chunk.length === 0) throw new Error('an empty chunk')
      return committed
    },
    process: async (batch) => effectsOf(batch),
    close: async () => undefined,
  }
}

/** About what the engine causes: a score per 100 readings, an alert per 5,000, a state record per batch. */
function effectsOf({ records, nextOffset }: Batch): Effects {
  const every = (n: number, topic: string): NewRecord[] =>
    [...records].filter(({ offset }) => offset % n === 0).map(({ key }) => ({ topic, key, value: VALUE }))
  return {
    emit: [...every(100, TOPICS.scores), ...every(5000, TOPICS.alerts)],
    state: [{ topic: TOPICS.state, key: `part-${nextOffset % 50}`, value: Buffer.alloc(20_000) }],
    keepFrom: nextOffset,
  }
}

const keys = Array.from({ length: ASSETS }, (_, i) => `pump-${String(i).padStart(4, '0')}`)

function readingsOf(from: number, count: number): NewRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    topic: TOPICS.readings,
    key: keys[(from + i) % ASSETS]!,
    value: VALUE,
  }))
}

function measure(): (what: string, records: number, taken: number[]) => Figure {
  const cpu = process.cpuUsage()
  const begin = performance.now()
  return (what, records, taken) => {
    const { user, system } = process.cpuUsage(cpu)
    const seconds = (performance.now() - begin) / 1000
    taken.sort((a, b) => a - b)
    const at = (share: number) => taken[Math.floor(taken.length * share)] ?? Number.NaN
    return {
      what,
      recordsPerSecond: records / seconds,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      cpuSecondsPerMillion: (user + system) / records,
    }
  }
}

/** A table for people. */
export function shownFigures(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, recordsPerSecond, p50Ms, p99Ms, cpuSecondsPerMillion }) => [
    what,
    Math.round(recordsPerSecond).toLocaleString('en-GB'),
    Number.isNaN(p50Ms) ? '' : p50Ms.toFixed(2),
    Number.isNaN(p99Ms) ? '' : p99Ms.toFixed(2),
    cpuSecondsPerMillion.toFixed(2),
  ])
  const head = ['what', 'records/s', 'p50 ms', 'p99 ms', 'CPU s per million']
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  ')
  return [head, ...rows].map(line).join('\n')
}

/** @param where a folder on the disk to be measured, or `kafka` with the address of brokers */
export async function printEventLog(where = tmpdir(), brokers = '127.0.0.1:9092'): Promise<void> {
  console.log(shownFigures(await benchEventLog(where === 'kafka' ? onKafka(brokers) : onDisk(where))))
}
