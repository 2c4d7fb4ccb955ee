/** The engine: one worker per owned partition of `readings`, and the ticks of those partitions. */
import type { Clock, EventLog, Follower, NewRecord } from '../core/ports.ts'
import type { TopicNames } from '../core/topics.ts'
import type { EnginePipeline } from './pipeline.ts'
import { startTicker } from './ticks.ts'
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

export function startEngine(options: EngineOptions): Engine {
  const { log, group, topics, pipelines, limits, observer } = options
  const workers = new Map<number, Worker>()
  const follower: Follower = log.follow({
    topic: topics.readings,
    group,
    open(partition) {
      const worker = createWorker({ group, partition, topics, pipelines, limits, observer })
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
