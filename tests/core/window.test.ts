import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EARLIEST_MS, LATEST_MS } from '../../src/core/time.ts'
import { firstWindowStart } from '../../src/core/window.ts'

const windows = fc
  .tuple(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 1_000_000 }))
  .map(([sizeMs, hop]) => ({ sizeMs, hopMs: Math.min(hop, sizeMs), latenessMs: 0, idleMs: sizeMs }))

test('it is the least multiple of the hop whose window holds the time', () => {
  fc.assert(
    fc.property(windows, fc.integer({ min: EARLIEST_MS, max: LATEST_MS }), (window, ts) => {
      const start = firstWindowStart(ts, window)
      expect(Math.abs(start % window.hopMs)).toBe(0)
      expect(start).toBeLessThanOrEqual(ts)
      expect(start + window.sizeMs).toBeGreaterThan(ts)
      expect(start - window.hopMs + window.sizeMs).toBeLessThanOrEqual(ts)
    }),
    { numRuns: 2000 },
  )
})

test.each([
  { sizeMs: 10, hopMs: 10, ts: 0, start: 0 },
  { sizeMs: 10, hopMs: 10, ts: 9, start: 0 },
  { sizeMs: 10, hopMs: 10, ts: 10, start: 10 },
  { sizeMs: 10, hopMs: 10, ts: -1, start: -10 },
  { sizeMs: 10, hopMs: 5, ts: 12, start: 5 },
  { sizeMs: 10, hopMs: 3, ts: 12, start: 3 },
  { sizeMs: 10, hopMs: 3, ts: 13, start: 6 },
  { sizeMs: 10, hopMs: 3, ts: -4, start: -12 },
])('size $sizeMs, hop $hopMs: $ts is first held by the window at $start', ({ sizeMs, hopMs, ts, start }) => {
  expect(firstWindowStart(ts, { sizeMs, hopMs })).toBe(start)
})
