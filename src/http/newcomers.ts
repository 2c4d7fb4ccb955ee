/**
 * Assets whose readings are in the log while nothing has been scored yet: what the dashboard shows in the
 * first seconds of a new installation, before the first window closes.
 */
import type { Clock, EventLog } from '../core/ports.ts'
import { NEWCOMER_CACHE_MS, NEWCOMER_RECORDS } from './limits.ts'

/** @returns ids of assets among the last records of the readings topic, sorted */
export type Newcomers = () => Promise<readonly string[]>

export function makeNewcomers(log: EventLog, topic: string, clock: Clock): Newcomers {
  let known: Promise<readonly string[]> = Promise.resolve([])
  let lookedAtMs = Number.NEGATIVE_INFINITY
  return () => {
    if (clock.monotonic() - lookedAtMs >= NEWCOMER_CACHE_MS) {
      lookedAtMs = clock.monotonic()
      known = look(log, topic)
    }
    return known
  }
}

async function look(log: EventLog, topic: string): Promise<readonly string[]> {
  const assets = new Set<string>()
  for (const [partition, { start, end }] of (await log.bounds(topic)).entries()) {
    const from = Math.max(start, end - NEWCOMER_RECORDS)
    for await (const records of log.read(topic, partition, from, end)) {
      for (const { key, headers } of records) {
        if (key !== null && headers.type === undefined) assets.add(key)
      }
    }
  }
  return [...assets].sort()
}
