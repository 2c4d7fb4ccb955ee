/**
 * What `chaos` publishes: an endless, seeded sequence of MQTT messages, each numbered in its payload, so that every
 * one can be found again on the log. Most are readings of pumps, some of which deviate now and then, so that alerts
 * are raised and cleared; a few are of the kinds that must become dead letters.
 */
import { createRandom } from '../../simulators/random.ts'

/** What must become of a message. `late` and `future` stand on `readings` and become dead letters of the engine. */
export type Fate = 'windowed' | 'late' | 'future' | 'not-json' | 'unassigned'

export interface Message {
  readonly number: number
  readonly topic: string
  readonly payload: string
  readonly fate: Fate
}

export interface Load {
  /** The message of a number; the same at each call. */
  message(number: number): Message
}

export const ASSETS = 20
/** Event time between readings of a machine. */
const STEP_MS = 500
const LATE_BY_MS = 3_600_000
const FUTURE_BY_MS = 30 * 24 * 3_600_000
/** A machine may deviate for one such stretch of event time, and be well again in the next. */
const EPISODE_MS = 60_000
const DEVIATING_SHARE = 0.3
/** The normal of a machine is learned before the first deviation. */
const QUIET_MS = 180_000

/** Every so many messages one of a special fate; primes, so that all machines are met. */
const SPECIAL: readonly (readonly [every: number, fate: Fate])[] = [
  [211, 'late'],
  [307, 'future'],
  [401, 'not-json'],
  [503, 'unassigned'],
]

/** @param startTs event time of the first reading, epoch ms; far enough back that the run ends before now */
export function createLoad(seed: number, startTs: number): Load {
  return {
    message(number) {
      const fate = fateOf(number)
      const pump = `pump-${String(number % ASSETS).padStart(2, '0')}`
      const asset = fate === 'unassigned' ? 'fan-00' : pump
      const ts = startTs + Math.floor(number / ASSETS) * STEP_MS
      const values = { temperature: 0, vibration: 0, number }
      const random = createRandom(seed, 'reading', number)
      const lift = isDeviating(seed, asset, ts - startTs) ? 4 : 0
      values.temperature = rounded(60 + 3 * Math.sin(ts / 120_000) + random.normal() / 2 + lift)
      values.vibration = rounded(2 + random.normal() / 10 + lift)
      const text = JSON.stringify({ asset, ts: shifted(ts, startTs, fate), values })
      const payload = fate === 'not-json' ? text.slice(0, -1) : text
      return { number, topic: `sensors/${asset}`, payload, fate }
    },
  }
}

function fateOf(number: number): Fate {
  // The first ones set the machines' clocks.
  if (number < 10 * ASSETS) return 'windowed'
  return SPECIAL.find(([every]) => number % every === 0)?.[1] ?? 'windowed'
}

function shifted(ts: number, startTs: number, fate: Fate): number {
  if (fate === 'late') return ts - LATE_BY_MS
  return fate === 'future' ? startTs + FUTURE_BY_MS : ts
}

function isDeviating(seed: number, asset: string, sinceMs: number): boolean {
  if (sinceMs < QUIET_MS) return false
  const episode = Math.floor(sinceMs / EPISODE_MS)
  return createRandom(seed, 'episode', asset, episode).uniform() < DEVIATING_SHARE
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}

const NUMBER = /"number":([0-9]+)/

/** Number of the message that these bytes are the payload of; null when they are none. */
export function numberOf(payload: string): number | null {
  const found = NUMBER.exec(payload)
  return found ? Number(found[1]) : null
}
