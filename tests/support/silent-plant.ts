/**
 * A plant on several lanes, one per partition, second by second: readings of the assets that speak, ticks, and pulses as
 * `ticks.ts` writes them. What it answers are the alert events about silence.
 */
import { Packr } from 'msgpackr'
import { partitionOf } from '../../src/core/murmur2.ts'
import { EMPTY_HEADERS, type NewRecord } from '../../src/core/ports.ts'
import type { AlertEvent, Command } from '../../src/core/records.ts'
import { INGEST, type NoDataRule } from '../../src/core/silence.ts'
import { decodeState, encodeState } from '../../src/core/state.ts'
import { topicNames } from '../../src/core/topics.ts'
import { createLane, type Lane } from '../../src/engine/lane.ts'
import { makePipeline } from '../../src/engine/pipeline.ts'
import { LIMITS, pipelineSettings } from './pipeline-settings.ts'

export const START_MS = 1_700_000_000_000
const SECOND = 1000
const packr = new Packr({ moreTypes: true, useRecords: false, largeBigIntToFloat: true })
const encoder = new TextEncoder()
const topics = topicNames('')

export interface PlantOptions {
  readonly assets: readonly string[]
  readonly partitions?: number
  readonly noData?: NoDataRule
  /** Ms between two readings of an asset; each asset begins within this time of the others. */
  readonly everyMs?: number
}

export interface Plant {
  readonly lanes: Lane[]
  /** Lets seconds pass in which these assets speak. */
  run(seconds: number, speaking: readonly string[]): AlertEvent[]
  /** The program is away: the wall clock goes on, ticks begin again with 0, what was sent meanwhile comes behind. */
  outage(seconds: number): void
  command(command: Command): AlertEvent[]
  /** Every lane goes on from the bytes of its state; `older` = as a program before wrote them. */
  restart(older?: boolean): void
  /** Scores so far. */
  readonly scores: { readonly asset: string; readonly closed: string; readonly windowEnd: number }[]
}

export function makePlant({
  assets,
  partitions = 4,
  noData = { afterMs: 60_000, severity: 'low' },
  everyMs = 5000,
}: PlantOptions): Plant {
  const pipeline = makePipeline(pipelineSettings({ name: 'plant', assets: '*', noData }), [], LIMITS, null)
  const laneOf = (partition: number) =>
    createLane({
      partition,
      ingestPartition: partitionOf(INGEST, partitions),
      topics,
      pipelines: [pipeline],
      limits: LIMITS,
      inferred() {},
    })
  const lanes = Array.from({ length: partitions }, (_, partition) => laneOf(partition))
  let nowMs = START_MS
  let offset = 0
  let begins = true
  const scores: Plant['scores'] = []

  function take(partition: number, value: unknown, key: string | null, type?: string): void {
    const headers = type === undefined ? EMPTY_HEADERS : { type }
    const record = {
      offset: offset++,
      timestamp: nowMs,
      key,
      value: encoder.encode(JSON.stringify(value)),
      headers,
    }
    lanes[partition]!.take(record)
  }

  function flush(): AlertEvent[] {
    const emit: NewRecord[] = lanes.flatMap((lane) => [...lane.flush().emit])
    const valuesOn = (topic: string) =>
      emit
        .filter((record) => record.topic === topic)
        .map(({ value }) => JSON.parse(new TextDecoder().decode(value!)))
    scores.push(...valuesOn(topics.scores))
    return valuesOn(topics.alerts)
  }

  function second(speaking: readonly string[]): void {
    let heard = false
    for (const asset of speaking) {
      const phaseMs = (assets.indexOf(asset) * 1700) % everyMs
      if ((nowMs - START_MS - (phaseMs - (phaseMs % SECOND))) % everyMs !== 0) continue
      take(partitionOf(asset, partitions), { asset, ts: nowMs + (phaseMs % SECOND), values: { t: 1 } }, asset)
      heard = true
    }
    nowMs += SECOND
    for (let at = 0; at < partitions; at++)
      take(at, { ts: nowMs, elapsed: begins ? 0 : SECOND }, null, 'tick')
    begins = false
    if (!heard) return
    const all = lanes.reduce((sum, { partition }) => sum + partition.assets.size, 0)
    lanes.forEach(({ partition }, at) => {
      take(at, { ts: nowMs, others: all - partition.assets.size }, null, 'pulse')
    })
  }

  return {
    lanes,
    scores,
    run(seconds, speaking) {
      const events: AlertEvent[] = []
      for (let i = 0; i < seconds; i++) {
        second(speaking)
        events.push(...flush())
      }
      return events
    },
    outage(seconds) {
      nowMs += seconds * SECOND
      begins = true
    },
    restart(older = false) {
      lanes.forEach((lane, at) => {
        const records = new Map<string, Uint8Array>()
        for (const { key, value } of encodeState(lane.partition, offset, [pipeline.definition], 0).records) {
          if (value) records.set(key, value)
        }
        if (older) forgetHearing(records)
        const fresh = laneOf(at)
        decodeState(fresh.partition, records, [pipeline.definition])
        lanes[at] = fresh
      })
    },
    command(command) {
      take(partitionOf(command.asset, partitions), command, command.asset, 'command')
      return flush()
    },
  }
}

/** The head as version 1 wrote it. */
function forgetHearing(records: Map<string, Uint8Array>): void {
  const { hearing, ...head } = packr.unpack(records.get('head')!)
  records.set('head', packr.pack({ ...head, version: 1 }))
}

/** Events in few words: transition, asset. */
export function told(events: readonly AlertEvent[]): string[] {
  return events.map(({ type, data }) => `${type.slice('forewarn.alert.'.length)} ${data.asset}`)
}
