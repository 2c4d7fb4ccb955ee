/**
 * One partition's records in, effects out: advance → score → settle. No log and no commit; `worker.ts` runs a
 * lane on the log, the command `score` runs one on files, so both give the same scores.
 */

import type { AlertChange, AlertSlot, Ending } from '../core/alert.ts'
import { REPLAYED_FROM } from '../core/dead-letter-view.ts'
import { makeReadingDecoder, type Undecodable } from '../core/decode.ts'
import { forgetSilent, nextForgottenMs, takeCommand } from '../core/life.ts'
import { spanOf } from '../core/paged-record.ts'
import {
  closeAll,
  makePartition,
  nextIdleMs,
  type Partition,
  type Step,
  takeReading,
  takeTick,
  tally,
} from '../core/partition.ts'
import type { LogRecord, NewRecord } from '../core/ports.ts'
import type { Tick } from '../core/records.ts'
import { awaitsSilence, takePulse } from '../core/silence.ts'
import { isInSeconds, unitHint } from '../core/time-unit.ts'
import type { TopicNames } from '../core/topics.ts'
import { type Cause, causeOf } from './cause.ts'
import { createEffects } from './effects.ts'
import { parseInbox } from './inbox.ts'
import type { EnginePipeline } from './pipeline.ts'
import { scoreWindows } from './scoring.ts'

export interface LaneLimits {
  readonly assets: number
  readonly futureByMs: number
  readonly channelsPerAsset: number
  readonly forgetAfterMs: number
}

export interface LaneOptions {
  readonly partition: number
  readonly topics: TopicNames
  readonly pipelines: readonly EnginePipeline[]
  readonly limits: LaneLimits
  /** The partition that tells when nobody speaks in any; left out: this one. */
  readonly ingestPartition?: number
  /** Told of each call of a net. */
  inferred(windows: number, seconds: number): void
}

export interface Lane {
  readonly partition: Partition
  /** Takes a record of `readings`: a reading, a tick or a command. */
  take(record: LogRecord): void
  /** Takes a tick that is no record; `offset` stands for its place in the order. */
  tick(tick: Tick, offset: number): void
  /** Ms of ticks until one could close a window, find a silence or forget an asset; 0: the next one might. */
  dueInMs(): number
  /** Ends the alerts that are open in these slots, before what is taken next. */
  endAlerts(slots: readonly AlertSlot[], ending: Ending, offset: number): void
  /** Closes all open windows: the end of a recording. */
  end(offset: number): void
  /** Scores and settles all that was taken since the last call. */
  flush(): Flushed
}

export interface Flushed {
  readonly emit: readonly NewRecord[]
  /** Ends of the windows that moved an alert. */
  readonly alertWindowEnds: readonly number[]
  /** What became of alerts, in order. */
  readonly moved: readonly AlertChange[]
}

export function createLane(options: LaneOptions): Lane {
  const { pipelines, limits } = options
  const partition = makePartition(
    pipelines.map(({ rules }) => rules),
    limits,
    (options.ingestPartition ?? options.partition) === options.partition,
  )
  const decoder = makeReadingDecoder(limits.channelsPerAsset)
  const effects = createEffects(options.partition, options.topics, partition)
  let steps: Step[] = []
  let emit: NewRecord[] = []
  /** Of the steps: by the offset of the record that caused them. */
  const causes = new Map<number, Cause>()

  function tick(given: Tick, offset: number): void {
    takeTick(partition, given, offset, steps)
    forgetSilent(partition, offset, steps)
  }

  function takeMessage(record: LogRecord, type: string): void {
    const message = parseInbox(type, record.value)
    if ('tick' in message) tick(message.tick, record.offset)
    else if ('pulse' in message) takePulse(partition, message.pulse, record.offset, steps)
    else if ('command' in message) takeCommand(partition, message.command, record.offset, steps)
    else effects.deadLetter(record, message, emit)
  }

  /** Ingest has looked already; other programs write to the topic as well. */
  function unitFault(takenAtMs: number): Undecodable | null {
    const { ts } = decoder.fields
    if (!isInSeconds(ts, takenAtMs)) return null
    return { reason: 'schema', detail: `ts must be epoch milliseconds; it ${unitHint(ts, takenAtMs)}` }
  }

  /** @returns event time of the reading, if it is one */
  function takeRecord(record: LogRecord): number | null {
    const { type } = record.headers
    if (type !== undefined) {
      takeMessage(record, type)
      return null
    }
    if (record.headers[REPLAYED_FROM] !== undefined) tally(partition, 'replayed')
    const { received } = partition
    received.records++
    decoder.badValues = 0
    const wrong = decoder.decode(spanOf(record), record.key) ?? unitFault(record.timestamp)
    if (wrong) {
      received.rejected++
      effects.deadLetter(record, wrong, emit)
      return null
    }
    tally(partition, 'value/bad-quality', decoder.badValues)
    const taken = takeDecoded(record)
    received[typeof taken === 'string' ? 'unassigned' : 'decoded']++
    const { ts } = decoder.fields
    effects.reading(record, ts, taken, emit)
    return ts
  }

  function takeDecoded({ offset, timestamp }: LogRecord) {
    return takeReading(partition, decoder.fields, offset, steps, timestamp)
  }

  return {
    partition,

    take(record) {
      const before = steps.length
      const ts = takeRecord(record)
      if (steps.length > before) causes.set(record.offset, causeOf(record, ts))
    },

    tick,

    endAlerts: (slots, ending, offset) => steps.push({ offset, ending, slots }),

    dueInMs: () =>
      awaitsSilence(partition)
        ? 0
        : Math.min(nextIdleMs(partition), nextForgottenMs(partition)) - partition.elapsedMs,

    end: (offset) => closeAll(partition, offset, steps),

    flush() {
      const verdicts = scoreWindows(pipelines, steps, options.inferred)
      const moved: AlertChange[] = []
      const alertWindowEnds = effects.settle(steps, verdicts, causes, emit, moved)
      const flushed = { emit, alertWindowEnds, moved }
      steps = []
      emit = []
      causes.clear()
      return flushed
    },
  }
}
