/**
 * Heap bytes that the hot path costs: `npm run bench allocation`. Unlike times these figures are the same on a busy
 * machine, so the tests hold them to a budget: what allocates more per reading is slower, whatever else is. (Counting
 * instructions would be as steady, but virtual machines hide the counter from `perf`.)
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Allocation {
  /** A reading from its bytes to windows and effects, without the net. */
  readonly engine: number
  /** Of that, decoding a reading of a known shape. */
  readonly decode: number
  /** A closed window to its score, and to its alert where it moves one; without the net. */
  readonly window: number
  /** A record out of a batch of Kafka's. */
  readonly kafkaRead: number
  /** A record into a batch of the embedded log. */
  readonly embeddedAppend: number
}

/** What was measured when the budget was set, and 3 % (of windows 6 %: a compilation more or less). Lower it with the figure; raise it with a reason. */
export const BUDGET_BYTES: Allocation = {
  engine: 342,
  decode: 52,
  window: 1760,
  kafkaRead: 92,
  embeddedAppend: 15,
}

/** More than the probe allocates: nothing is collected while it measures. */
const YOUNG_MIB = 512

/** @param probe the compiled probe */
export function measureAllocation(
  probe = fileURLToPath(new URL('./allocation-probe.js', import.meta.url)),
): Allocation {
  // With one thread the compiler comes at the same moment of every run, and the figures are the same to the byte.
  const steady = ['--predictable', '--expose-gc']
  const flags = [...steady, `--min-semi-space-size=${YOUNG_MIB}`, `--max-semi-space-size=${YOUNG_MIB}`]
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
      'heap bytes each': Math.round(found[stage as keyof Allocation]),
      budget,
    })),
  )
}
