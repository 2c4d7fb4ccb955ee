/** A day of a plant through the real intake into a log, with the ticks that an engine would have written. */

import { makeIntakeOf } from '../../src/app/ingest.ts'
import type { Settings } from '../../src/config/settings.ts'
import type { EventLog, NewRecord } from '../../src/core/ports.ts'
import { RECORD_TYPE } from '../../src/core/topics.ts'
import type { Received } from '../../src/ingest/intake.ts'
import { type Day, MINUTE_MS, type Moment } from './plant-day.ts'

/** Between ticks of a partition. */
const TICK_MS = 10_000

/**
 * @param wall set to the time of the day before each append; the log is to take its timestamps from it
 * @returns what ingest counted
 */
export async function deliverDay(
  settings: Settings,
  log: EventLog,
  day: Day,
  wall: { nowMs: number },
): Promise<Readonly<Record<Received, number>>> {
  const pending: NewRecord[] = []
  const append = {
    add(records: readonly NewRecord[], done: (error: Error | null) => void) {
      pending.push(...records)
      done(null)
    },
  }
  const { intake } = makeIntakeOf(settings, append, () => wall.nowMs)
  for (const moment of day.moments) {
    wall.nowMs = moment.nowMs
    take(intake, moment)
    for (const partition of Array.from({ length: log.partitions }, (_, i) => i)) {
      pending.push(
        ...ticksOf(settings.log.topics.readings, partition, moment.nowMs, moment.nowMs === day.startMs),
      )
    }
    await log.append(pending.splice(0))
  }
  return intake.received()
}

function take(intake: ReturnType<typeof makeIntakeOf>['intake'], { payloads }: Moment): void {
  const run = intake.run()
  for (const { asset, text } of payloads) run.add(`sensors/${asset}`, asset, Buffer.from(text))
  run.end((error) => {
    if (error) throw error
  })
}

/** The ticks of a minute. They come behind its readings, as those of an engine with `--role all` do. */
function ticksOf(topic: string, partition: number, nowMs: number, isFirst: boolean): NewRecord[] {
  return Array.from({ length: MINUTE_MS / TICK_MS }, (_, i) => {
    const tick = { ts: nowMs + i * TICK_MS, elapsed: isFirst && i === 0 ? 0 : TICK_MS }
    return {
      topic,
      key: null,
      value: Buffer.from(JSON.stringify(tick)),
      headers: { type: RECORD_TYPE.tick },
      partition,
    }
  })
}
