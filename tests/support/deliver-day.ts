/** A day of a plant through the real intake into a log, with the ticks and pulses that an engine would have written. */

import { makeIntakeOf } from '../../src/app/ingest.ts'
import type { Settings } from '../../src/config/settings.ts'
import { partitionOf } from '../../src/core/murmur2.ts'
import type { EventLog, NewRecord } from '../../src/core/ports.ts'
import type { Pulse, Tick } from '../../src/core/records.ts'
import { RECORD_TYPE } from '../../src/core/topics.ts'
import type { Received } from '../../src/ingest/intake.ts'
import { type Day, MINUTE_MS, type Moment, TICK_MS } from './plant-day.ts'

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
  const topic = settings.log.topics.readings
  const isWatching = log.partitions > 1 && settings.pipelines.some(({ noData }) => noData)
  const known = Array.from({ length: log.partitions }, () => new Set<string>())
  for (const moment of day.moments) {
    wall.nowMs = moment.nowMs
    take(intake, moment)
    for (const { asset } of moment.payloads) known[partitionOf(asset, log.partitions)]!.add(asset)
    const isSpeaking = isWatching && moment.payloads.length > 0
    for (const partition of known.keys()) {
      const [first, ...rest] = ticksOf(topic, partition, moment.nowMs, moment.nowMs === day.startMs)
      pending.push(first!, ...(isSpeaking ? [pulseOf(topic, partition, moment.nowMs, known)] : []), ...rest)
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
    const tick: Tick = { ts: nowMs + i * TICK_MS, elapsed: isFirst && i === 0 ? 0 : TICK_MS }
    return recordOf(topic, partition, RECORD_TYPE.tick, tick)
  })
}

/** An engine that has processed readings tells every partition. */
function pulseOf(
  topic: string,
  partition: number,
  nowMs: number,
  known: readonly ReadonlySet<string>[],
): NewRecord {
  const others = known.reduce((sum, { size }, at) => sum + (at === partition ? 0 : size), 0)
  return recordOf(topic, partition, RECORD_TYPE.pulse, { ts: nowMs, others })
}

function recordOf(topic: string, partition: number, type: string, told: Tick | Pulse): NewRecord {
  return { topic, key: null, value: Buffer.from(JSON.stringify(told)), headers: { type }, partition }
}
