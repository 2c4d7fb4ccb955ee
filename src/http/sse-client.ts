/**
 * One live subscriber: an open response of `text/event-stream`, with the filters that it asked for and a
 * bounded buffer. One that doesn't read is dropped; it can come back with its last id and misses nothing.
 */
import type { ServerResponse } from 'node:http'
import type { LiveTopic } from './board.ts'
import { SSE_DRAIN_TIMEOUT_MS, SSE_RETRY_MS } from './limits.ts'

/** What a subscriber wants to hear; null = all. */
export interface LiveFilter {
  readonly asset: string | null
  readonly topic: LiveTopic | null
}

export interface SseClient {
  readonly filter: LiveFilter
  readonly gone: boolean
  /**
   * Sends live events, or keeps them while `hold` lasts.
   * @returns false when it was dropped: more than `bufferBytes` of earlier ones are unsent
   */
  send(text: string | Buffer): boolean
  /** Sends what comes before the live events. */
  sendFirst(text: string): void
  /** Live events wait until `release`. */
  hold(): void
  release(): void
  /** Waits until it has taken what was written; it is dropped when it takes too long. */
  drained(): Promise<void>
  end(): void
}

/** Name of the SSE event for a record of each topic. */
export const EVENT_NAMES: Readonly<Record<LiveTopic, string>> = { alerts: 'alert', scores: 'score' }

export function wants(filter: LiveFilter, topic: LiveTopic, asset: string): boolean {
  return (filter.topic ?? topic) === topic && (filter.asset ?? asset) === asset
}

/** An event of the stream. `data` is one line. */
export function sseFrame(event: string, id: string, data: string): string {
  return `event: ${event}\nid: ${id}\ndata: ${data}\n\n`
}

/** A comment that keeps proxies from closing, and an id, so that a quiet subscriber resumes from here. */
export function sseHeartbeat(id: string): string {
  return `: heartbeat\nid: ${id}\n\n`
}

/**
 * @param response raw response, hijacked; headers not sent yet
 * @param headers those that every answer of the server has
 * @param dropped called once when it is dropped for being slow
 */
export function openSseClient(
  response: ServerResponse,
  headers: Headers,
  filter: LiveFilter,
  bufferBytes: number,
  dropped: () => void,
): SseClient {
  const drop = () => {
    if (response.destroyed) return
    dropped()
    response.destroy()
  }
  begin(response, headers)
  const isGone = () => response.destroyed || response.writableEnded
  let held: (string | Buffer)[] | null = null
  let heldBytes = 0
  return {
    filter,
    get gone() {
      return isGone()
    },
    send(text) {
      if (isGone()) return false
      if (response.writableLength + heldBytes > bufferBytes) drop()
      else if (held === null) response.write(text)
      else {
        held.push(text)
        heldBytes += text.length
      }
      return !response.destroyed
    },
    sendFirst(text) {
      if (!isGone()) response.write(text)
    },
    hold() {
      held = []
    },
    release() {
      for (const text of held ?? []) if (!isGone()) response.write(text)
      held = null
      heldBytes = 0
    },
    drained: () => drained(response, drop),
    end: () => response.end(),
  }
}

/** Headers of an answer, as node has them. */
type Headers = Readonly<Record<string, number | string | readonly string[] | undefined>>

function begin(response: ServerResponse, headers: Headers): void {
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) response.setHeader(name, value)
  }
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  // A quiet stream is no dead connection; a dead one is found by the kernel's probes and by heartbeats.
  response.socket?.setTimeout(0)
  response.socket?.setKeepAlive(true, SSE_DRAIN_TIMEOUT_MS)
  response.socket?.setNoDelay(true)
  response.write(`retry: ${SSE_RETRY_MS}\n\n`)
}

/** Resolves when all that was written has been taken, or when the response is closed. */
function drained(response: ServerResponse, drop: () => void): Promise<void> {
  return new Promise((resolve) => {
    if (!response.writableNeedDrain || response.destroyed) return resolve()
    const done = () => {
      clearTimeout(timer)
      response.off('drain', done).off('close', done)
      resolve()
    }
    // Dropping it closes the response, which ends the waiting.
    const timer = setTimeout(drop, SSE_DRAIN_TIMEOUT_MS)
    response.once('drain', done).once('close', done)
  })
}
