/**
 * Readings through the very lane of `score` and `up`: the scores and alerts of an evaluation are those that people
 * would have met.
 */

import type { Settings } from '../config/settings.ts'
import type { AlertEvent, Score } from '../core/records.ts'
import type { PlainReading } from '../core/windowed.ts'
import { createLanes } from '../engine/lanes.ts'
import type { EnginePipeline } from '../engine/pipeline.ts'
import { scoreRecording } from '../engine/recorded.ts'

export interface LaneRun {
  readonly scores: readonly Score[]
  readonly events: readonly AlertEvent[]
  readonly readings: number
  /** All that occur, in the order in which they do. */
  readonly channels: readonly string[]
  /** Dead letters: readings that no window took. */
  readonly unusable: number
}

const decoder = new TextDecoder()

/** Runs one pipeline alone over all readings. */
export async function runLane(
  settings: Settings,
  pipeline: EnginePipeline,
  readings: Iterable<PlainReading>,
): Promise<LaneRun> {
  const { topics, partitions } = settings.log
  const lanes = createLanes(
    { topics, pipelines: [pipeline], limits: settings.limits, inferred() {} },
    partitions,
  )
  const channels = new Set<string>()
  let count = 0
  let unusable = 0
  function* counted() {
    for (const reading of readings) {
      count++
      for (const channel in reading.values) channels.add(channel)
      yield reading
    }
  }
  const scores: Score[] = []
  const events: AlertEvent[] = []
  for await (const records of scoreRecording(lanes, counted())) {
    for (const { topic, value } of records) {
      if (topic === topics['dead-letters']) unusable++
      if (value === null) continue
      if (topic === topics.scores) scores.push(JSON.parse(decoder.decode(value)))
      else if (topic === topics.alerts) events.push(JSON.parse(decoder.decode(value)))
    }
  }
  return { scores, events, readings: count, channels: [...channels], unusable }
}
