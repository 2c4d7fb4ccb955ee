/**
 * Heap bytes that a reading costs on the hot path, in the engine (bytes → windows → effects, without the net) and in
 * reading a batch of Kafka's: `npm run bench allocation`. Unlike times these figures are the same on a busy machine, so
 * the tests hold them to a budget: what allocates more per reading is slower, whatever else is.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Allocation {
  readonly engine: number
  readonly kafkaRead: number
}

/** What was measured when the budget was set, and a tenth. Lower it with the figure; raise it with a reason. */
export const BUDGET_BYTES: Allocation = { engine: 900, kafkaRead: 260 }

/** More than the probe allocates: nothing is collected while it measures. */
const YOUNG_MIB = 512

/** @param probe the compiled probe */
export function measureAllocation(
  probe = fileURLToPath(new URL('./allocation-probe.js', import.meta.url)),
): Allocation {
  const flags = ['--expose-gc', `--min-semi-space-size=${YOUNG_MIB}`, `--max-semi-space-size=${YOUNG_MIB}`]
  const line = execFileSync(process.execPath, [...flags, probe], { encoding: 'utf8' })
  const { collections, ...allocation } = JSON.parse(line)
  if (collections > 0) throw new Error(`garbage was collected ${collections} times: the figures are too low`)
  return allocation
}

export function allocation(): void {
  const found = measureAllocation()
  console.table(
    Object.entries(BUDGET_BYTES).map(([stage, budget]) => ({
      stage,
      'heap bytes per reading': Math.round(found[stage as keyof Allocation]),
      budget,
    })),
  )
}
