/**
 * The clock in the log: while this program owns a partition it appends a tick to it once a second. Windows
 * that must close in silence close on ticks, so that a replay of the log closes them at the same place.
 */
import type { Clock, NewRecord } from '../core/ports.ts'
import type { Pulse, Tick } from '../core/records.ts'
import { RECORD_TYPE } from '../core/topics.ts'

export interface TickerOptions {
  readonly topic: string
  readonly everyMs: number
  readonly clock: Clock
  /** Partitions owned now. */
  owned(): readonly number[]
  /** Time of a partition's last tick, by whichever owner. */
  lastTs(partition: number): number | null
  /** Tells every partition that somebody speaks; left out: silence is no alert. */
  readonly pulses?: PulseOptions
  /** Appends behind everything that ingest holds; `done` once durable. */
  append(records: readonly NewRecord[], done: () => void): void
}

export interface PulseOptions {
  /** At most one in this time. */
  readonly everyMs: number
  /** Of the log. */
  readonly partitions: number
  /** Readings that this program has processed. */
  heard(): number
  /** Assets that it knows of in other partitions than this one. */
  others(partition: number): number
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
  let pulse = { readings: 0, atMs: Number.NEGATIVE_INFINITY }

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
    options.append([...owned.map(tickOf), ...pulsesOf()], () => {
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

  /** To all partitions, whoever owns them: each decides from its own log whether nobody speaks or only its assets do not. */
  function pulsesOf(): NewRecord[] {
    const { pulses } = options
    if (!pulses) return []
    const readings = pulses.heard()
    const nowMs = clock.monotonic()
    if (readings === pulse.readings || nowMs - pulse.atMs < pulses.everyMs) return []
    pulse = { readings, atMs: nowMs }
    return Array.from({ length: pulses.partitions }, (_, partition) => {
      const told: Pulse = { ts: clock.now(), others: pulses.others(partition) }
      return record(partition, RECORD_TYPE.pulse, told)
    })
  }

  function record(partition: number, type: string, told: Tick | Pulse): NewRecord {
    return { topic, key: null, value: encoder.encode(JSON.stringify(told)), headers: { type }, partition }
  }

  function tickOf(partition: number): NewRecord {
    const before = last.get(partition)
    const monotonicMs = clock.monotonic()
    // `ts` never goes back when the wall clock is set back; `elapsed` is 0 on an owner's first tick, so that
    // an outage of ours is not a machine's silence.
    const ts = Math.max(clock.now(), before?.ts ?? 0, options.lastTs(partition) ?? 0)
    const elapsed = before ? Math.round(monotonicMs - before.monotonicMs) : 0
    last.set(partition, { ts, monotonicMs })
    return record(partition, RECORD_TYPE.tick, { ts, elapsed })
  }

  const timer = setInterval(tickAll, everyMs)
  return { stop: () => clearInterval(timer) }
}
