/**
 * What a batch causes, as records: scores, alert events and states, dead letters. No offset and no wall time
 * enters a value (law 3); where something came from stands in the headers.
 */
import { type AlertChange, acknowledge, endAlert } from '../core/alert.ts'
import type { AssetState } from '../core/asset.ts'
import { deadLetterRecord } from '../core/dead-letter.ts'
import { ATTEMPTS, REPLAYED_FROM } from '../core/dead-letter-view.ts'
import type { Undecodable } from '../core/decode.ts'
import { LATE_WINDOWS, missedText } from '../core/late.ts'
import { type Partition, type Step, type Taken, tally } from '../core/partition.ts'
import { EMPTY_HEADERS, type Headers, type LogRecord, type NewRecord } from '../core/ports.ts'
import type { Command } from '../core/records.ts'
import { settleWindow } from '../core/settle.ts'
import type { TopicNames } from '../core/topics.ts'
import type { Verdicts } from './scoring.ts'

export interface EffectWriter {
  deadLetter(record: LogRecord, why: Undecodable, emit: NewRecord[]): void
  /**
   * Dead letters of a reading that a pipeline could not use.
   * @param ts its event time
   */
  reading(record: LogRecord, ts: number, taken: Taken | 'full' | 'unassigned', emit: NewRecord[]): void
  /**
   * Settles windows and commands in log order.
   * @param verdicts of the models, one per step
   * @returns ends of the windows that moved an alert
   */
  settle(steps: readonly Step[], verdicts: Verdicts, emit: NewRecord[]): number[]
}

const encoder = new TextEncoder()
const NO_BYTES = new Uint8Array(0)

function json(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value))
}

/** A reading that was a dead letter before, and is one again, says how often. */
function replayHeaders({ headers }: LogRecord): Headers {
  const { [REPLAYED_FROM]: from, [ATTEMPTS]: attempts } = headers
  if (from === undefined) return EMPTY_HEADERS
  return { [REPLAYED_FROM]: from, ...(attempts === undefined ? {} : { [ATTEMPTS]: attempts }) }
}

export function createEffects(number: number, topics: TopicNames, partition: Partition): EffectWriter {
  function deadLetter(record: LogRecord, why: Undecodable, emit: NewRecord[], more = EMPTY_HEADERS): void {
    tally(partition, `dead-letter/${why.reason}`)
    const { key, value, offset, timestamp: receivedAt } = record
    const origin = { source: 'kafka', topic: topics.readings, partition: number, offset, receivedAt } as const
    const letter = deadLetterRecord(topics['dead-letters'], { ...why, key, value: value ?? NO_BYTES }, origin)
    emit.push({ ...letter, headers: { ...letter.headers, ...replayHeaders(record), ...more } })
  }

  function originOf(offset: number): Headers {
    return {
      'source-topic': topics.readings,
      'source-partition': String(number),
      'source-offset': String(offset),
    }
  }

  function publish(change: AlertChange, offset: number, emit: NewRecord[]): void {
    const { alert, event, transition } = change
    tally(partition, `alert/${alert.severity}/${transition}`)
    const headers = { 'content-type': 'application/cloudevents+json', ...originOf(offset) }
    emit.push({ topic: topics.alerts, key: alert.asset, value: json(event), headers, partition: number })
    const key = `${alert.asset}/${alert.rule}`
    emit.push({ topic: topics['alert-states'], key, value: json(alert) })
  }

  function command(request: Command, states: readonly AssetState[], offset: number, emit: NewRecord[]): void {
    for (const { alerts } of states) {
      const change = acknowledge(alerts, request)
      if (!change) continue
      tally(partition, 'command/done')
      publish(change, offset, emit)
      return
    }
    tally(partition, 'command/without-effect')
  }

  return {
    deadLetter,

    reading(record, ts, taken, emit) {
      if (taken === 'unassigned') {
        deadLetter(record, { reason: 'unassigned', detail: 'no pipeline takes this asset' }, emit)
      } else if (taken === 'full') {
        const { assets } = partition.limits
        deadLetter(
          record,
          { reason: 'unassigned', detail: `limits.assets: the partition has ${assets} assets` },
          emit,
        )
      } else if (taken.results.includes('future')) {
        const detail = `more than ${partition.limits.futureByMs} ms ahead of the log clock (limits.futureBy)`
        deadLetter(record, { reason: 'future', detail }, emit)
      } else if (taken.results.includes('late')) {
        const late = taken.states.filter((_, i) => taken.results[i] === 'late')
        const pipelines = late.map(({ pipeline }) => partition.pipelines[pipeline]!)
        const detail = `behind the watermark of pipeline ${pipelines.map(({ name }) => name).join(', ')}`
        deadLetter(record, { reason: 'late', detail }, emit, { [LATE_WINDOWS]: missedText(ts, pipelines) })
      }
    },

    settle(steps, { risks, explanations }, emit) {
      const ends: number[] = []
      steps.forEach((step, i) => {
        if ('command' in step) {
          command(step.command, step.states, step.offset, emit)
          return
        }
        if ('ending' in step) {
          for (const slot of step.slots) {
            const change = endAlert(slot, step.ending)
            if (change) publish(change, step.offset, emit)
          }
          return
        }
        const { window, offset } = step
        const rules = partition.pipelines[window.state.pipeline]!
        const risk = risks[i]!
        const { score, changes } = settleWindow(
          rules,
          window,
          Number.isNaN(risk) ? null : risk,
          explanations[i],
        )
        emit.push({ topic: topics.scores, key: score.asset, value: json(score), partition: number })
        for (const change of changes) publish(change, offset, emit)
        if (changes.length > 0) ends.push(window.end)
      })
      return ends
    },
  }
}
