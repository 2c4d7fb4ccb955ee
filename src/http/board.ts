/**
 * The materialised view behind the dashboard and the API: the fleet's last scores and the alerts, built by
 * following the log from a bounded tail. It is held in memory, within named limits, and made anew at each start.
 */
import type { FastifyBaseLogger } from 'fastify'
import type { Settings } from '../config/settings.ts'
import type { EventLog, LogRecord } from '../core/ports.ts'
import type { TopicNames } from '../core/topics.ts'
import { type AlertBook, makeAlertBook } from './alert-book.ts'
import { type ClockBook, makeClockBook } from './clock-book.ts'
import { followLetters } from './clock-tail.ts'
import type { HttpRefusal } from './deps.ts'
import { type Fleet, makeFleet } from './fleet.ts'
import { BOARD_LOOK_MS, BOARD_TAIL_ALERTS, BOARD_TAIL_LETTERS, BOARD_TAIL_SCORES } from './limits.ts'
import { readAlert, readAlertEvent, readScore } from './record-value.ts'
import { followTail, type Tail } from './tail.ts'

export const LIVE_TOPICS = ['alerts', 'scores'] as const
export type LiveTopic = (typeof LIVE_TOPICS)[number]

/** Next offset of each partition of the two live topics. */
export type Positions = Readonly<Record<LiveTopic, readonly number[]>>

/** A record that came after the board was opened; the board has taken it already. */
export interface LiveRecord {
  readonly topic: LiveTopic
  readonly partition: number
  readonly offset: number
  readonly asset: string
  /** JSON on one line. */
  readonly data: string
}

export interface Board {
  readonly fleet: Fleet
  readonly alerts: AlertBook
  readonly clocks: ClockBook
  /** Where the live records begin. */
  readonly opened: Positions
  /** Starts to follow the log; `onLive` hears of each record behind `opened`, in order per partition. */
  follow(onLive: (record: LiveRecord) => void): void
  /** Why it doesn't show all yet; null when it does. */
  behind(): string | null
  close(): Promise<void>
}

export interface BoardDeps {
  readonly log: EventLog
  readonly topics: TopicNames
  readonly settings: Settings
  readonly logger: FastifyBaseLogger
  refused(limit: HttpRefusal): void
}

/** Reads the alerts as they stand; scores of the past come by following, while it is already in use. */
export async function openBoard(deps: BoardDeps): Promise<Board> {
  const { log, topics, settings } = deps
  const fleet = makeFleet(settings, log.partitions)
  const alerts = makeAlertBook()
  const clocks = makeClockBook(settings.limits.assets * log.partitions, () => deps.refused('board-assets'))
  const from = await startPositions(log, topics)
  await readAlertStates(deps, alerts)
  const opened = { alerts: from.alerts.map(({ end }) => end), scores: from.scores.map(({ end }) => end) }
  const takers = { alerts: alertTaker(deps, alerts), scores: scoreTaker(deps, fleet, clocks) }
  const letters = await lettersFrom(log, topics)
  const tails = new Map<LiveTopic, Tail>()
  let clockTail: Tail | null = null
  const missing = () => countMissing(from, tails)
  let look: NodeJS.Timeout | null = null
  return {
    fleet,
    alerts,
    clocks,
    opened,
    follow(onLive) {
      for (const topic of LIVE_TOPICS) {
        tails.set(topic, follow(deps, topic, from[topic], takers[topic], onLive))
      }
      clockTail = followLetters(deps, letters, clocks, fleet)
      look = setInterval(() => {
        if (missing() === 0) clearInterval(look ?? undefined)
        else void passRemoved(deps, tails)
      }, BOARD_LOOK_MS)
    },
    behind() {
      for (const [topic, { broken }] of tails) {
        if (broken !== null) return `the dashboard's view no longer follows ${topic}: ${broken}`
      }
      const records = missing()
      return records === 0 ? null : `the dashboard's view is being read: ${records} records to go`
    },
    async close() {
      clearInterval(look ?? undefined)
      await Promise.all([...tails.values(), clockTail].map((tail) => tail?.stop()))
    },
  }
}

/** Records between where the tails stand and where the log ended when the board was opened. */
function countMissing(from: Record<LiveTopic, Range[]>, tails: ReadonlyMap<LiveTopic, Tail>): number {
  const missing = LIVE_TOPICS.flatMap((topic) =>
    from[topic].map((range, p) => range.end - (tails.get(topic)?.positions[p] ?? range.from)),
  )
  return missing.reduce((sum, count) => sum + Math.max(0, count), 0)
}

/** After a long stop retention removes at once what the board was about to read: nothing will come there. */
async function passRemoved(
  { log, topics, logger }: BoardDeps,
  tails: ReadonlyMap<LiveTopic, Tail>,
): Promise<void> {
  try {
    for (const [topic, tail] of tails) {
      tail.skipTo((await log.bounds(topics[topic])).map(({ start }) => start))
    }
  } catch (err) {
    logger.error({ err }, 'board cannot look at the log')
  }
}

interface Range {
  readonly from: number
  readonly end: number
}

/** Where the last dead letters begin. */
async function lettersFrom(log: EventLog, topics: TopicNames): Promise<number[]> {
  const bounds = await log.bounds(topics['dead-letters'])
  return bounds.map(({ start, end }) => Math.max(start, end - Math.ceil(BOARD_TAIL_LETTERS / log.partitions)))
}

/** Ends are taken before `alert-states` is read: events behind them are no older than what it showed. */
async function startPositions(log: EventLog, topics: TopicNames): Promise<Record<LiveTopic, Range[]>> {
  const range = async (topic: string, records: number) =>
    (await log.bounds(topic)).map(({ start, end }) => ({
      from: Math.max(start, end - Math.ceil(records / log.partitions)),
      end,
    }))
  return {
    alerts: await range(topics.alerts, BOARD_TAIL_ALERTS),
    scores: await range(topics.scores, BOARD_TAIL_SCORES),
  }
}

async function readAlertStates(deps: BoardDeps, alerts: AlertBook): Promise<void> {
  const topic = deps.topics['alert-states']
  const bounds = await deps.log.bounds(topic)
  for (const [partition, { start }] of bounds.entries()) {
    for await (const records of deps.log.read(topic, partition, start)) {
      for (const { value } of records) {
        const alert = readAlert(value)
        if (alert !== null && !alerts.put(alert)) deps.refused('board-alerts')
      }
    }
  }
}

/** @returns the asset and the JSON of a record that was taken, or null for one that is left out */
type Taker = (record: LogRecord, partition: number, live: boolean) => { asset: string; value: object } | null

function scoreTaker(deps: BoardDeps, fleet: Fleet, clocks: ClockBook): Taker {
  return (record, partition) => {
    const score = readScore(record.value)
    if (score === null) return null
    if (score.closed === 'watermark') clocks.score(score.asset, record)
    if (!fleet.add(score, partition)) deps.refused('board-assets')
    return { asset: score.asset, value: score }
  }
}

function alertTaker(deps: BoardDeps, alerts: AlertBook): Taker {
  return ({ value }, _partition, live) => {
    const event = readAlertEvent(value)
    if (event === null) return null
    const isTaken = live ? alerts.put(event.data) : alerts.putHistory(event.data)
    if (!isTaken) deps.refused('board-alerts')
    return { asset: event.data.asset, value: event }
  }
}

/** One in so many records of another shape is told in the log. */
const TELL_EVERY = 1000

function follow(
  deps: BoardDeps,
  topic: LiveTopic,
  ranges: readonly Range[],
  take: Taker,
  onLive: (record: LiveRecord) => void,
): Tail {
  let leftOut = 0
  return followTail(deps.log, {
    topic: deps.topics[topic],
    from: ranges.map(({ from }) => from),
    onRecord(record, partition) {
      const live = record.offset >= (ranges[partition]?.end ?? 0)
      const taken = take(record, partition, live)
      if (taken === null) {
        if (leftOut++ % TELL_EVERY !== 0) return
        deps.logger.warn({ topic, partition, offset: record.offset, leftOut }, 'not of our shape, left out')
      } else if (live) {
        const { asset, value } = taken
        onLive({ topic, partition, offset: record.offset, asset, data: JSON.stringify(value) })
      }
    },
    onError: (err, partition) => deps.logger.error({ err, topic, partition }, 'board cannot follow'),
  })
}
