/**
 * What a batch causes, as records: scores, alert events and states, dead letters. No offset and no wall time
 * enters a value (law 3); where something came from stands in the headers.
 */
import { type AlertChange, acknowledge, endAlert } from '../core/alert.ts'
import type { AssetState } from '../core/asset.ts'
import { letterClock, scoreClock } from '../core/clock-off.ts'
import { deadLetterRecord } from '../core/dead-letter.ts'
import { ATTEMPTS, REPLAYED_FROM } from '../core/dead-letter-view.ts'
import type { Undecodable } from '../core/decode.ts'
import { LATE_WINDOWS, missedText } from '../core/late.ts'
import { type Partition, type Step, type Taken, tally } from '../core/partition.ts'
import { EMPTY_HEADERS, type Headers, type LogRecord, type NewRecord } from '../core/ports.ts'
import type { Command } from '../core/records.ts'
import { settleSilence, settleWindow } from '../core/settle.ts'
import type { TopicNames } from '../core/topics.ts'
import { type Cause, isPast } from './cause.ts'
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
   * @param causes of the steps, by offset
   * @param moved what it did to alerts is appended here
   * @returns ends of the windows that moved an alert now; those of a backlog are left out
   */
  settle(
    steps: readonly Step[],
    verdicts: Verdicts,
    causes: ReadonlyMap<number, Cause>,
    emit: NewRecord[],
    moved: AlertChange[],
  ): number[]
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

/** How far off the clock is that wrote a reading; of one that was sent again there is nothing to tell. */
function clockOf({ headers, timestamp }: LogRecord, ts: number, newest?: number): Headers {
  return headers[REPLAYED_FROM] === undefined ? letterClock(ts, timestamp, newest) : EMPTY_HEADERS
}

/** The same for the score of a window that a reading closed. */
function scoreHeaders(cause: Cause | undefined): Headers {
  return cause === undefined || cause.ts === null ? EMPTY_HEADERS : scoreClock(cause.ts, cause.takenAtMs)
}

/** Names the clock: what a person looks at first. */
function futureDetail(ts: number, futureByMs: number): string {
  return (
    `ts ${new Date(ts).toISOString()} is more than ${futureByMs / 1000} s ahead of the log clock (limits.futureBy): ` +
    'the clock of the asset or its gateway is ahead'
  )
}

function lateDetail(ts: number, newest: number, names: readonly string[]): string {
  const behind = (newest - ts) / 1000
  return (
    `behind the watermark of pipeline ${names.join(', ')}: ts ${new Date(ts).toISOString()} is ${behind} s before ` +
    `the newest reading of the asset (${new Date(newest).toISOString()})`
  )
}

export function createEffects(number: number, topics: TopicNames, partition: Partition): EffectWriter {
  function deadLetter(record: LogRecord, why: Undecodable, emit: NewRecord[], more = EMPTY_HEADERS): void {
    tally(partition, `dead-letter/${why.reason}`)
    const { key, value, offset, timestamp: receivedAt } = record
    const origin = { source: 'kafka', topic: topics.readings, partition: number, offset, receivedAt } as const
    const letter = deadLetterRecord(topics['dead-letters'], { ...why, key, value: value ?? NO_BYTES }, origin)
    emit.push({ ...letter, headers: { ...letter.headers, ...replayHeaders(record), ...more } })
  }

  /** @param isOld of a backlog: who notifies people tells it apart from what is so now */
  function originOf(offset: number, cause: Cause | undefined, isOld: boolean): Headers {
    return {
      'source-topic': topics.readings,
      'source-partition': String(number),
      'source-offset': String(offset),
      ...(cause?.traceparent ? { traceparent: cause.traceparent } : {}),
      ...(isOld ? { historical: 'true' } : {}),
    }
  }

  let moved: AlertChange[] = []

  function publish(change: AlertChange, origin: Headers, emit: NewRecord[]): void {
    const { alert, event, transition } = change
    moved.push(change)
    tally(partition, `alert/${alert.severity}/${transition}`)
    const headers = { 'content-type': 'application/cloudevents+json', ...origin }
    emit.push({ topic: topics.alerts, key: alert.asset, value: json(event), headers, partition: number })
    const key = `${alert.asset}/${alert.rule}`
    emit.push({ topic: topics['alert-states'], key, value: json(alert) })
  }

  function command(
    request: Command,
    states: readonly Pick<AssetState, 'alerts'>[],
    origin: Headers,
    emit: NewRecord[],
  ): void {
    for (const { alerts } of states) {
      const change = acknowledge(alerts, request)
      if (!change) continue
      tally(partition, 'command/done')
      publish(change, origin, emit)
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
        const detail = futureDetail(ts, partition.limits.futureByMs)
        deadLetter(record, { reason: 'future', detail }, emit, clockOf(record, ts))
      } else if (taken.results.includes('late')) {
        const late = taken.states.filter((_, i) => taken.results[i] === 'late')
        const pipelines = late.map(({ pipeline }) => partition.pipelines[pipeline]!)
        const names = pipelines.map(({ name }) => name)
        const newest = Math.max(...late.map(({ maxTs }) => maxTs))
        const more = { [LATE_WINDOWS]: missedText(ts, pipelines), ...clockOf(record, ts, newest) }
        deadLetter(record, { reason: 'late', detail: lateDetail(ts, newest, names) }, emit, more)
      }
    },

    settle(steps, { risks, explanations }, causes, emit, changes) {
      moved = changes
      const ends: number[] = []
      steps.forEach((step, i) => {
        if ('command' in step) {
          const origin = originOf(step.offset, causes.get(step.offset), false)
          command(step.command, step.states, origin, emit)
          return
        }
        if ('ending' in step) {
          // In the order of the log, so that windows behind it meet the sisters that a replay would meet.
          for (const { baseline, sisters } of step.states ?? []) if (baseline) sisters.leave(baseline)
          const origin = originOf(step.offset, causes.get(step.offset), false)
          for (const slot of step.slots) {
            const change = endAlert(slot, step.ending)
            if (change) publish(change, origin, emit)
          }
          return
        }
        if ('silence' in step) {
          const change = settleSilence(step.silence)
          if (change) publish(change, originOf(step.offset, causes.get(step.offset), false), emit)
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
        const cause = causes.get(offset)
        const headers = scoreHeaders(cause)
        emit.push({ topic: topics.scores, key: score.asset, value: json(score), headers, partition: number })
        if (changes.length === 0) return
        const isOld = isPast(cause, window.end, rules.window.idleMs)
        for (const change of changes) publish(change, originOf(offset, cause, isOld), emit)
        if (!isOld) ends.push(window.end)
      })
      return ends
    },
  }
}
