/**
 * Brings a returning subscriber up to the live events: what it missed is read from the log again, in
 * bounded ranges and at its own pace, until it stands where the live events stand.
 */
import type { Bounds, EventLog } from '../core/ports.ts'
import type { TopicNames } from '../core/topics.ts'
import { LIVE_TOPICS, type LiveTopic, type Positions } from './board.ts'
import { decodeEventId, encodeEventId } from './event-id.ts'
import { SSE_HANDOVER_EVENTS, SSE_RESUME_ALERTS, SSE_RESUME_SCORES } from './limits.ts'
import type { LiveHub } from './live.ts'
import { readAlertEvent, readScore } from './record-value.ts'
import { EVENT_NAMES, type SseClient, sseFrame, wants } from './sse-client.ts'

export interface ResumePlan {
  /** Where the subscriber goes on. */
  readonly from: Positions
  /** Whether it came with an id that we know. */
  readonly resumed: boolean
  /** Topics of which it misses events: they are too many, or the log holds them no more. */
  readonly gaps: readonly LiveTopic[]
}

const MOST_EVENTS: Readonly<Record<LiveTopic, number>> = {
  alerts: SSE_RESUME_ALERTS,
  scores: SSE_RESUME_SCORES,
}

/** Times that the live events may run away from a subscriber that reads behind them. */
const CATCH_UP_ROUNDS = 100

/**
 * @param lastEventId as the subscriber sent it; none: it begins with what comes
 * @param live positions of the live events now
 * @param bounds what the log holds of each topic
 */
export function planResume(
  lastEventId: string | undefined,
  live: Positions,
  bounds: Readonly<Record<LiveTopic, readonly Bounds[]>>,
): ResumePlan {
  const last = lastEventId === undefined ? null : decodeEventId(lastEventId, live.alerts.length)
  const now = { alerts: [...live.alerts], scores: [...live.scores] }
  if (last === null) return { from: now, resumed: false, gaps: [] }
  const gaps: LiveTopic[] = []
  for (const topic of LIVE_TOPICS) {
    const share = Math.floor(MOST_EVENTS[topic] / live[topic].length)
    const from = last[topic].map((offset, partition) => {
      const end = live[topic][partition]!
      const start = bounds[topic][partition]?.start ?? 0
      // An id beyond the end is from another life of the log: what it stood for can't be told.
      return offset > end ? end : Math.max(offset, start, end - share)
    })
    if (from.some((offset, partition) => offset !== last[topic][partition])) gaps.push(topic)
    now[topic] = from
  }
  return { from: now, resumed: true, gaps }
}

/**
 * Sends what is between `from` and the live events, then joins the subscriber to them.
 * @throws what reading the log throws
 */
export async function catchUp(
  log: EventLog,
  topics: TopicNames,
  hub: LiveHub,
  client: SseClient,
  from: Positions,
): Promise<void> {
  const at = { alerts: [...from.alerts], scores: [...from.scores] }
  for (let round = 0; behind(at, hub.positions) > SSE_HANDOVER_EVENTS; round++) {
    // It takes them more slowly than they come. It will be back with its last id.
    if (round === CATCH_UP_ROUNDS) client.end()
    if (client.gone) return
    await sendUpTo(log, topics, hub.positions, at, client)
  }
  // In one turn of the event loop: live events from here on wait until those before have been sent.
  const to = { alerts: [...hub.positions.alerts], scores: [...hub.positions.scores] }
  client.hold()
  hub.join(client)
  await sendUpTo(log, topics, to, at, client)
  client.release()
}

function behind(at: Positions, live: Positions): number {
  const counts = LIVE_TOPICS.flatMap((topic) => live[topic].map((offset, p) => offset - at[topic][p]!))
  return counts.reduce((sum, count) => sum + Math.max(0, count), 0)
}

async function sendUpTo(
  log: EventLog,
  topics: TopicNames,
  to: Positions,
  at: Record<LiveTopic, number[]>,
  client: SseClient,
): Promise<void> {
  for (const topic of LIVE_TOPICS) {
    for (const partition of at[topic].keys()) {
      await sendRange(log, topics[topic], topic, partition, to[topic][partition]!, at, client)
    }
  }
}

async function sendRange(
  log: EventLog,
  name: string,
  topic: LiveTopic,
  partition: number,
  to: number,
  at: Record<LiveTopic, number[]>,
  client: SseClient,
): Promise<void> {
  if (at[topic][partition]! >= to) return
  for await (const records of log.read(name, partition, at[topic][partition]!, to)) {
    let text = ''
    for (const { offset, value } of records) {
      at[topic][partition] = offset + 1
      const event = topic === 'alerts' ? readAlertEvent(value) : readScore(value)
      if (event === null) continue
      const asset = 'asset' in event ? event.asset : event.subject
      if (wants(client.filter, topic, asset)) {
        text += sseFrame(EVENT_NAMES[topic], encodeEventId(at), JSON.stringify(event))
      }
    }
    if (text !== '') client.sendFirst(text)
    await client.drained()
    if (client.gone) return
  }
  at[topic][partition] = to
}
