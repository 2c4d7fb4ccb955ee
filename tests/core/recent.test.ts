import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  copyPairs,
  isRemembered,
  makeRecent,
  type Recent,
  recentFrom,
  remember,
} from '../../src/core/recent.ts'

type Pair = readonly [ts: number, hash: number]

interface Step {
  readonly ts: number
  readonly hash: number
  /** How far the horizon lies behind the newest. */
  readonly behind: number
  readonly restore: boolean
}

const steps = fc.array(
  fc.record({
    ts: fc.integer({ min: 0, max: 60 }),
    hash: fc.integer({ min: 0, max: 4 }),
    behind: fc.integer({ min: 0, max: 40 }),
    restore: fc.boolean(),
  }),
  { maxLength: 120 },
)

/** The same with a plain array, oldest first. */
function naive(pairs: readonly Pair[], { ts, hash }: Step, horizonTs: number, limit: number): Pair[] {
  const oldest = pairs.findIndex(([at]) => at >= horizonTs)
  const kept = oldest < 0 ? [] : pairs.slice(oldest)
  return [...(kept.length === limit ? kept.slice(1) : kept), [ts, hash]]
}

function recentPairs(recent: Recent): Float64Array {
  const pairs = new Float64Array(2 * recent.length)
  copyPairs(recent, pairs, 0)
  return pairs
}

test('it remembers what an array would, with any limit, also after it was stored and read again', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 30 }), (all, limit) => {
      let recent = makeRecent()
      let model: Pair[] = []
      let newest = 0
      for (const step of all) {
        newest = Math.max(newest, step.ts)
        const known = model.some(([ts, hash]) => ts === step.ts && hash === step.hash)
        expect(isRemembered(recent, step.ts, step.hash)).toBe(known)
        remember(recent, step.ts, step.hash, newest - step.behind, limit)
        model = naive(model, step, newest - step.behind, limit)
        if (step.restore) recent = recentFrom(recentPairs(recent))
        expect([...recentPairs(recent)]).toEqual(model.flat())
      }
    }),
    { numRuns: 300 },
  )
})

test('the ring never takes more than its limit', () => {
  const recent = makeRecent()
  for (let ts = 0; ts < 10_000; ts++) remember(recent, ts, ts, 0, 1000)
  expect(recent.ring.length).toBe(2000)
  expect(isRemembered(recent, 9000, 9000)).toBe(true)
  expect(isRemembered(recent, 8999, 8999)).toBe(false)
})

test('an asset that has sent nothing takes no memory', () => {
  expect(makeRecent().ring.length).toBe(0)
  expect(isRemembered(makeRecent(), 0, 0)).toBe(false)
})
