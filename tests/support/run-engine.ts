/** An engine on a log, to the end of what it holds: what a live one would have made of it. */
import type { Settings } from '../../src/config/settings.ts'
import type { Partition } from '../../src/core/partition.ts'
import type { EventLog } from '../../src/core/ports.ts'
import { startEngine } from '../../src/engine/engine.ts'
import type { EnginePipeline } from '../../src/engine/pipeline.ts'

/** @returns the partitions as they were committed last */
export async function runEngine(
  { log: { group, topics }, limits }: Settings,
  pipelines: readonly EnginePipeline[],
  log: EventLog,
): Promise<ReadonlyMap<number, Partition>> {
  const partitions = new Map<number, Partition>()
  let failed: Error | null = null
  const engine = startEngine({
    log,
    group,
    topics,
    pipelines,
    limits,
    ticksMs: null,
    untilCaughtUp: true,
    clock: { now: () => 0, monotonic: () => 0 },
    observer: {
      restored() {},
      inferred() {},
      committed: ({ partition }, batch) => partitions.set(batch.partition, partition),
    },
    append() {
      throw new Error('ticks are off')
    },
    onError(error) {
      failed ??= error
    },
  })
  await engine.done
  if (failed) throw failed
  return partitions
}
