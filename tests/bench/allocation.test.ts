/** The hot path allocates no more per reading than its budget says; see the benchmark for why bytes, not times. */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { BUDGET_BYTES, measureAllocation } from '../../bench/allocation.ts'

const PROBE = fileURLToPath(new URL('../../dist/bench/allocation-probe.js', import.meta.url))

test('a reading costs no more heap than its budget', () => {
  const found = measureAllocation(PROBE)
  for (const stage of ['engine', 'kafkaRead'] as const) {
    expect(found[stage], stage).toBeGreaterThan(0)
    expect(found[stage], `${stage}: heap bytes per reading`).toBeLessThanOrEqual(BUDGET_BYTES[stage])
  }
})
