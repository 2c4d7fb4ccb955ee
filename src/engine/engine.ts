/** The engine: one worker per owned partition of `readings`, and the ticks of those partitions. */
import { partitionOf } from '../core/murmur2.ts'
import type { Clock, EventLog, Follower, NewRecord } from '../core/ports.ts'
import { INGEST } from '../core/silence.ts'
import type { TopicNames } from '../core/topics.ts'
import type { EnginePipeline } from './pipeline.ts'
import { type PulseOptions, startTicker } from './ticks.ts'
import { createWorker, type Worker, type WorkerObserver, type WorkerOptions } from './worker.ts'

export interface EngineOptions {
  readonly log: EventLog
  readonly group: string
  readonly topics: TopicNames
  readonly pipelines: readonly EnginePipeline[]
  readonly limits: WorkerOptions['limits'] & { readonly batchRecords: number }
  /** Ms between ticks; null = off. */
  readonly ticksMs: number | null
  /** Stop by itself at the end that the log has now. */
  readonly untilCaughtUp: boolean
  readonly clock: Clock
  readonly observer: WorkerObserver
  append(records: readonly NewRecord[], done: () => void): void
  onError(error: Error, partition: number): void
}

export interface Engine {
  /** Partitions whose state is restored. */
  owned(): readonly number[]
  /** Other engines own all partitions. */
  idle(): boolean
  lag(): Promise<ReadonlyMap<number, number>>
  readonly done: Promise<void>
  /** Commits the batch in hand and stops. */
  stop(): Promise<void>
}

/** Wait for a fuller batch: a commit costs the same whatever its size. */
const GATHER_MS = 20

/** Time between pulses, and how many of them at least fit into the shortest silence that is an alert. */
const MOST_PULSE_MS = 5000
const PULSES_PER_SILENCE = 8

export function startEngine(options: EngineOptions): Engine {
  const { log, group, topics, pipelines, limits, observer } = options
  const workers = new Map<number, Worker>()
  const ingestPartition = partitionOf(INGEST, log.partitions)
  const follower: Follower = log.follow({
    topic: topics.readings,
    group,
    open(partition) {
      const worker = createWorker({
        group,
        partition,
        ingestPartition,
        topics,
        pipelines,
        limits,
        observer,
      })
      workers.set(partition, worker)
      return worker
    },
    batchRecords: limits.batchRecords,
    gatherMs: GATHER_MS,
    untilCaughtUp: options.untilCaughtUp,
    onError: options.onError,
  })
  const ticker =
    options.ticksMs === null || options.untilCaughtUp
      ? null
      : startTicker({
          topic: topics.readings,
          everyMs: options.ticksMs,
          clock: options.clock,
          owned: () => follower.owned(),
          lastTs: (partition) => workers.get(partition)?.tickTs() ?? null,
          ...pulsesOf(options, workers, () => follower.owned()),
          append: options.append,
        })
  return {
    owned: () => follower.owned(),
    idle: () => follower.idle?.() ?? false,
    lag: () => follower.lag(),
    done: follower.done,
    async stop() {
      ticker?.stop()
      await follower.stop()
    },
  }
}

/** Where silence is an alert and there are partitions that can't hear each other. */
function pulsesOf(
  { pipelines, log }: EngineOptions,
  workers: ReadonlyMap<number, Worker>,
  owned: () => readonly number[],
): { pulses?: PulseOptions } {
  const afterMs = Math.min(...pipelines.map(({ rules }) => rules.noData?.afterMs ?? Number.POSITIVE_INFINITY))
  if (afterMs === Number.POSITIVE_INFINITY || log.partitions === 1) return {}
  return {
    pulses: {
      everyMs: Math.min(MOST_PULSE_MS, afterMs / PULSES_PER_SILENCE),
      partitions: log.partitions,
      heard: () => owned().reduce((sum, partition) => sum + (workers.get(partition)?.heard() ?? 0), 0),
      others: (partition) =>
        owned().reduce((sum, at) => sum + (at === partition ? 0 : (workers.get(at)?.assets() ?? 0)), 0),
    },
  }
}
