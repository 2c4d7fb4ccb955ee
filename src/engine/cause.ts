/**
 * Which record of the log caused a window to close or an alert to move: what headers and figures tell of it. It never
 * enters a value (law 3).
 */
import { REPLAYED_FROM } from '../core/dead-letter-view.ts'
import type { LogRecord } from '../core/ports.ts'

export interface Cause {
  /** Epoch ms at which the log took the record. */
  readonly takenAtMs: number
  /** Event time of the reading that it was; null = none, or one of the past that was sent again. */
  readonly ts: number | null
  /** W3C trace context of who sent it; null = none. */
  readonly traceparent: string | null
}

/** A window is a thing of the past when what closed it came so much later than it would have on time. */
const PAST_AFTER_MS = 60_000

export function causeOf({ timestamp, headers }: LogRecord, ts: number | null): Cause {
  const isAgain = headers[REPLAYED_FROM] !== undefined
  return { takenAtMs: timestamp, ts: isAgain ? null : ts, traceparent: headers.traceparent ?? null }
}

/**
 * True for windows of a backlog (a gateway that was cut off sends hours at once, a recording is replayed): their alerts
 * are true of then, not of now.
 * @param windowEnd epoch ms
 * @param idleMs of the pipeline: a window of a silent machine closes so much after its last reading
 */
export function isPast(cause: Cause | undefined, windowEnd: number, idleMs: number): boolean {
  return cause !== undefined && cause.takenAtMs - windowEnd > idleMs + PAST_AFTER_MS
}
