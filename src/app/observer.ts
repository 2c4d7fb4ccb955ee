/** What the engine's workers report → metrics, the log, and the partitions that figures are taken from. */
import type { Partition } from '../core/partition.ts'
import type { Changed, Restored } from '../core/state.ts'
import type { WorkerObserver } from '../engine/worker.ts'
import type { Logger } from '../observe/logger.ts'
import type { Metrics } from '../observe/metrics.ts'

export interface EngineWatch {
  readonly observer: WorkerObserver
  /** Partitions by number, as their owners last committed them. */
  readonly partitions: ReadonlyMap<number, Partition>
}

/** @param now epoch ms */
export function watchEngine(metrics: Metrics, logger: Logger, now: () => number): EngineWatch {
  const partitions = new Map<number, Partition>()
  return {
    partitions,
    observer: {
      restored: (partition, restored) => tellRestored(logger, partition, restored),
      inferred: (windows, seconds) => metrics.observeInference(seconds, windows),
      committed({ partition, alertWindowEnds, commitSeconds }, batch) {
        partitions.set(batch.partition, partition)
        metrics.observeCommit(commitSeconds)
        const nowMs = now()
        for (const end of alertWindowEnds) metrics.observeEndToEnd((nowMs - end) / 1000)
      },
    },
  }
}

/** What became of the state of pipelines that were changed is said at the start (law 7). */
function tellRestored(logger: Logger, partition: number, restored: Restored | null): void {
  for (const change of restored?.changed ?? []) logger.warn({ partition, ...change }, changeText(change))
}

const CHANGED = {
  definition: 'was changed',
  rules: 'has lost alert rules',
  removed: 'is in the config no more',
} as const

function changeText(change: Changed): string {
  const { pipeline, what, assets, discardedWindows, keptAlerts, endedAlerts } = change
  return (
    `pipeline ${pipeline} ${CHANGED[what]}: of ${assets} assets ${discardedWindows} open windows are discarded, ` +
    `${keptAlerts} open alerts kept, ${endedAlerts} closed`
  )
}
