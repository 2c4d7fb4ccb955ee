/** The hot path allocates no more per reading than its budget says; see the benchmark for why bytes, not times. */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { type Allocation, BUDGET_BYTES, measureAllocation } from '../../bench/allocation.ts'

const PROBE = fileURLToPath(new URL('../../dist/bench/allocation-probe.js', import.meta.url))

const STAGES = Object.keys(BUDGET_BYTES) as (keyof Allocation)[]

test('no stage of the hot path costs more heap than its budget', () => {
  const found = measureAllocation(PROBE)
  expect(Object.keys(found).sort()).toEqual([...STAGES].sort())
  for (const stage of STAGES) {
    expect(found[stage], stage).toBeGreaterThan(0)
    expect(found[stage], `${stage}: heap bytes each`).toBeLessThanOrEqual(BUDGET_BYTES[stage])
  }
})
