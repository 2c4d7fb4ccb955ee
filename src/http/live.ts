/**
 * Hands live records to the subscribers: scores gathered into one write per tick, alerts at once. What it
 * holds is one tick of records, shared by all subscribers; each subscriber's own buffer is bounded.
 */
import type { LiveRecord, LiveTopic, Positions } from './board.ts'
import { encodeEventId } from './event-id.ts'
import { SSE_CHUNK_BYTES, SSE_HEARTBEAT_MS, SSE_TICK_MS } from './limits.ts'
import { EVENT_NAMES, type SseClient, sseFrame, sseHeartbeat, wants } from './sse-client.ts'

export interface LiveHub {
  /** Next offset of each partition behind all that was pushed. */
  readonly positions: Positions
  readonly clients: number
  push(record: LiveRecord): void
  /** Adds a subscriber: it gets what is pushed from now on. */
  join(client: SseClient): void
  /** Ends all subscriptions. */
  close(): void
}

interface Frame {
  readonly topic: LiveTopic
  readonly asset: string
  readonly text: string
}

export function makeLiveHub(opened: Positions): LiveHub {
  const positions = { alerts: [...opened.alerts], scores: [...opened.scores] }
  const clients = new Set<SseClient>()
  let frames: Frame[] = []
  let framesBytes = 0
  let tick: NodeJS.Timeout | null = null
  let turn: NodeJS.Immediate | null = null
  const heartbeat = setInterval(() => {
    const text = sseHeartbeat(encodeEventId(positions))
    flush()
    for (const client of clients) send(client, text)
  }, SSE_HEARTBEAT_MS)
  heartbeat.unref()

  function send(client: SseClient, text: string | Buffer): void {
    if (client.gone || !client.send(text)) clients.delete(client)
  }

  function flush(): void {
    clearTimeout(tick ?? undefined)
    clearImmediate(turn ?? undefined)
    tick = null
    turn = null
    if (frames.length === 0) return
    const gathered = frames
    frames = []
    framesBytes = 0
    deliver(gathered, clients, send)
  }

  return {
    positions,
    get clients() {
      return clients.size
    },
    push({ topic, partition, offset, asset, data }) {
      positions[topic][partition] = offset + 1
      if (clients.size === 0) return
      const text = sseFrame(EVENT_NAMES[topic], encodeEventId(positions), data)
      frames.push({ topic, asset, text })
      framesBytes += text.length
      // Never in the middle of a batch of records: between two writes a subscriber must have had time to read.
      if (topic === 'alerts' || framesBytes >= SSE_CHUNK_BYTES) turn ??= setImmediate(flush)
      else tick ??= setTimeout(flush, SSE_TICK_MS)
    },
    join(client) {
      flush()
      clients.add(client)
    },
    close() {
      flush()
      clearInterval(heartbeat)
      for (const client of clients) client.end()
      clients.clear()
    },
  }
}

/** Subscribers without a filter share one write of all. */
function deliver(
  frames: readonly Frame[],
  clients: Iterable<SseClient>,
  send: (client: SseClient, text: string | Buffer) => void,
): void {
  let whole: Buffer | null = null
  for (const client of clients) {
    const { filter } = client
    if (filter.asset === null && filter.topic === null) {
      whole ??= Buffer.from(frames.map(({ text }) => text).join(''))
      send(client, whole)
    } else {
      const wanted = frames.filter(({ topic, asset }) => wants(filter, topic, asset))
      if (wanted.length > 0) send(client, wanted.map(({ text }) => text).join(''))
    }
  }
}
