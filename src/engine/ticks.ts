/**
 * The clock in the log: while this program owns a partition it appends a tick to it once a second. Windows
 * that must close in silence close on ticks, so that a replay of the log closes them at the same place.
 */
import type { Clock, NewRecord } from '../core/ports.ts'
import type { Tick } from '../core/records.ts'
import { RECORD_TYPE } from '../core/topics.ts'

export interface TickerOptions {
  readonly topic: string
  readonly everyMs: number
  readonly clock: Clock
  /** Partitions owned now. */
  owned(): readonly number[]
  /** Time of a partition's last tick, by whichever owner. */
  lastTs(partition: number): number | null
  /** Appends behind everything that ingest holds; `done` once durable. */
  append(records: readonly NewRecord[], done: () => void): void
}

export interface Ticker {
  stop(): void
}

/** Last tick of a partition by this owner. */
interface LastTick {
  readonly ts: number
  readonly monotonicMs: number
}

const encoder = new TextEncoder()

export function startTicker(options: TickerOptions): Ticker {
  const { topic, clock, everyMs } = options
  const last = new Map<number, LastTick>()
  // One append at a time: while the log is blocked (disk full), ticks must not pile up behind it.
  let appending = false
  let blocked = false

  function tickAll(): void {
    if (appending) {
      blocked = true
      return
    }
    const owned = options.owned()
    for (const partition of last.keys()) {
      if (!owned.includes(partition)) last.delete(partition)
    }
    if (owned.length === 0) return
    appending = true
    options.append(owned.map(tickOf), () => {
      appending = false
      if (blocked) forgetElapsed()
    })
  }

  /** While the log took nothing, readings waited as well: that time is our outage, not a machine's silence. */
  function forgetElapsed(): void {
    blocked = false
    const monotonicMs = clock.monotonic()
    for (const [partition, { ts }] of last) last.set(partition, { ts, monotonicMs })
  }

  function tickOf(partition: number): NewRecord {
    const before = last.get(partition)
    const monotonicMs = clock.monotonic()
    // `ts` never goes back when the wall clock is set back; `elapsed` is 0 on an owner's first tick, so that
    // an outage of ours is not a machine's silence.
    const ts = Math.max(clock.now(), before?.ts ?? 0, options.lastTs(partition) ?? 0)
    const elapsed = before ? Math.round(monotonicMs - before.monotonicMs) : 0
    last.set(partition, { ts, monotonicMs })
    const tick: Tick = { ts, elapsed }
    const value = encoder.encode(JSON.stringify(tick))
    return { topic, key: null, value, headers: { type: RECORD_TYPE.tick }, partition }
  }

  const timer = setInterval(tickAll, everyMs)
  return { stop: () => clearInterval(timer) }
}
