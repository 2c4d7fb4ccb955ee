/**
 * A recording through the lanes of all partitions: the batch path of `score`. Readings become records as ingest would
 * make them; the clock is a tick at each whole second of event time, and what is open at the end closes with `end`.
 */

import { partitionOf } from '../core/murmur2.ts'
import { EMPTY_HEADERS, type NewRecord } from '../core/ports.ts'
import type { Pulse } from '../core/records.ts'
import { RECORD_TYPE } from '../core/topics.ts'
import type { PlainReading } from '../core/windowed.ts'
import type { Lane } from './lane.ts'

/** Readings between two calls of the net. */
const BATCH_READINGS = 5000
const TICK_MS = 1000

const encoder = new TextEncoder()

/** Where a recording stands. */
interface Clock {
  readonly lanes: readonly Lane[]
  /** Stands for the place of a record in the log. */
  offset: number
  /** Event time of the last tick; null before the first reading. */
  atMs: number | null
  /** A reading was taken since the last tick. */
  heard: boolean
}

/**
 * @param lanes one for each partition of the log (`createLanes`), or a single one that takes all
 * @param readings in time order over assets (`inTimeOrder`)
 * @yields what each batch causes, in order within a partition
 */
export async function* scoreRecording(
  lanes: readonly Lane[],
  readings: Iterable<PlainReading> | AsyncIterable<PlainReading>,
): AsyncGenerator<readonly NewRecord[]> {
  const clock: Clock = { lanes, offset: 0, atMs: null, heard: false }
  for await (const reading of readings) {
    const { asset, ts } = reading
    tickUpTo(clock, ts)
    const lane = lanes[partitionOf(asset, lanes.length)]!
    const value = encoder.encode(JSON.stringify(reading))
    lane.take({ offset: clock.offset, timestamp: ts, key: asset, value, headers: EMPTY_HEADERS })
    clock.heard = true
    clock.offset++
    if (clock.offset % BATCH_READINGS === 0) yield lanes.flatMap((each) => each.flush().emit)
  }
  for (const lane of lanes) lane.end(clock.offset)
  yield lanes.flatMap((lane) => lane.flush().emit)
}

/**
 * Ticks at whole seconds after the last one up to `ts`. Seconds at which nothing can happen are put together: a tick more or
 * less would change nothing.
 */
function tickUpTo(clock: Clock, ts: number): void {
  const { lanes } = clock
  const to = Math.floor(ts / TICK_MS) * TICK_MS
  clock.atMs ??= tick(clock, to, 0)
  while (clock.atMs < to) {
    if (clock.heard) pulse(clock, clock.atMs)
    const dueInMs = Math.min(...lanes.map((lane) => lane.dueInMs()))
    const stepMs = Math.max(TICK_MS, Math.ceil(dueInMs / TICK_MS) * TICK_MS)
    const nextMs = Math.min(to, clock.atMs + stepMs)
    clock.atMs = tick(clock, nextMs, nextMs - clock.atMs)
  }
}

/** @returns its time */
function tick({ lanes, offset }: Clock, ts: number, elapsed: number): number {
  for (const lane of lanes) lane.tick({ ts, elapsed }, offset)
  return ts
}

/** Tells the partitions of each other, as the engine does where silence is an alert. */
function pulse(clock: Clock, ts: number): void {
  const { lanes, offset } = clock
  clock.heard = false
  if (lanes.length === 1) return
  const assets = lanes.reduce((sum, { partition }) => sum + partition.assets.size, 0)
  for (const lane of lanes) {
    const told: Pulse = { ts, others: assets - lane.partition.assets.size }
    const value = encoder.encode(JSON.stringify(told))
    lane.take({ offset, timestamp: ts, key: null, value, headers: { type: RECORD_TYPE.pulse } })
  }
}
