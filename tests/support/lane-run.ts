/** A lane on records that a test makes: readings, ticks, and what comes of them. */
import { EMPTY_HEADERS, type Headers, type LogRecord, type NewRecord } from '../../src/core/ports.ts'
import type { AlertEvent, Score } from '../../src/core/records.ts'
import { topicNames } from '../../src/core/topics.ts'
import { createLane, type Lane } from '../../src/engine/lane.ts'
import type { EnginePipeline } from '../../src/engine/pipeline.ts'
import { LIMITS } from './pipeline-settings.ts'

export const LANE_TOPICS = topicNames('t.')
const decoder = new TextDecoder()

export interface Given {
  /** When the log took it, epoch ms. */
  readonly at: number
  /** Payload of a reading; text is taken as it is. */
  readonly reading?: { readonly asset: string; readonly ts: unknown; readonly values: object } | string
  readonly key?: string
  readonly headers?: Headers
  readonly tick?: { readonly ts: number; readonly elapsed: number }
}

export interface Outcome {
  readonly lane: Lane
  readonly scores: readonly Score[]
  readonly alerts: readonly AlertEvent[]
  /** Headers of the alerts' records. */
  readonly alertHeaders: readonly Headers[]
  readonly letters: readonly NewRecord[]
  /** Ends of the windows whose alerts count for `end_to_end_seconds`. */
  readonly ends: readonly number[]
}

export function runLane(pipelines: readonly EnginePipeline[], given: readonly Given[], batch = 50): Outcome {
  const lane = createLane({ partition: 0, topics: LANE_TOPICS, pipelines, limits: LIMITS, inferred() {} })
  const emit: NewRecord[] = []
  const ends: number[] = []
  const flush = () => {
    const flushed = lane.flush()
    emit.push(...flushed.emit)
    ends.push(...flushed.alertWindowEnds)
  }
  given.forEach((one, offset) => {
    lane.take(recordOf(one, offset))
    if (offset % batch === batch - 1) flush()
  })
  flush()
  const of = (topic: string) => emit.filter((record) => record.topic === topic)
  const parsed = <Value>(topic: string): Value[] =>
    of(topic).map(({ value }) => JSON.parse(decoder.decode(value!)) as Value)
  return {
    lane,
    scores: parsed<Score>(LANE_TOPICS.scores),
    alerts: parsed<AlertEvent>(LANE_TOPICS.alerts),
    alertHeaders: of(LANE_TOPICS.alerts).map(({ headers = EMPTY_HEADERS }) => headers),
    letters: of(LANE_TOPICS['dead-letters']),
    ends,
  }
}

function recordOf({ at, reading, key, tick, headers = EMPTY_HEADERS }: Given, offset: number): LogRecord {
  if (tick) {
    return { offset, timestamp: at, key: null, value: bytes(tick), headers: { type: 'tick' } }
  }
  const asset = key ?? (typeof reading === 'object' ? reading.asset : null)
  return { offset, timestamp: at, key: asset, value: bytes(reading), headers }
}

function bytes(value: unknown): Uint8Array {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
}
