import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AssetRules, type AssetState, advance, closeIdle, makeAssetState } from '../../src/core/asset.ts'
import { makeLayout } from '../../src/core/layout.ts'
import { STATISTICS } from '../../src/core/moments.ts'
import type { ClosedWindow } from '../../src/core/open-window.ts'
import type { WindowRule } from '../../src/core/window.ts'
import { createNaiveAsset, type NaiveWindow } from '../support/naive-asset.ts'
import { fieldsOf, type GivenReading } from '../support/reading-fields.ts'
import { countRule, sessionRule, timeRule } from '../support/window-rules.ts'

const values = fc.dictionary(
  fc.constantFrom('a', 'b', 'c'),
  fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.constant(null)),
  { noNullPrototype: true },
)

/** Forward in time for the most part; back within and beyond the lateness; again; silence. */
type Step =
  | { readonly by: number; readonly values: Record<string, number | null>; readonly arrival: boolean }
  | { readonly again: number }
  | 'idle'
  | 'end'

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      by: fc.integer({ min: -80, max: 30 }),
      values,
      arrival: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ again: fc.nat() }) },
  { weight: 1, arbitrary: fc.constantFrom('idle', 'end') },
)

function rulesOf(window: AssetRules['window'], openWindowsPerAsset = 1000): AssetRules {
  return { window, dedupePerAsset: 1000, openWindowsPerAsset }
}

/** A window of the core in the form of the naive one. */
function plain({ start, end, count, closed, channels, statistics }: ClosedWindow): NaiveWindow {
  const ofChannels = channels.flatMap((channel, i) => {
    const own = [...statistics.subarray(i * STATISTICS.length, (i + 1) * STATISTICS.length)]
    return Number.isNaN(own[0]) ? [] : [[channel, own] as const]
  })
  return { start, end, count, closed, statistics: Object.fromEntries(ofChannels) }
}

function expectSame(ours: NaiveWindow, theirs: NaiveWindow): void {
  expect({ ...ours, statistics: Object.keys(ours.statistics).sort() }).toEqual({
    ...theirs,
    statistics: Object.keys(theirs.statistics).sort(),
  })
  for (const [channel, expected] of Object.entries(theirs.statistics)) {
    expected.forEach((value, i) => {
      const tolerance = 1e-9 * Math.max(1, Math.abs(value))
      expect(
        Math.abs(ours.statistics[channel]![i]! - value),
        `${channel}.${STATISTICS[i]}`,
      ).toBeLessThanOrEqual(tolerance)
    })
  }
}

/** Turns steps into readings: times are relative to the newest so far. */
function* readingsOf(steps: Iterable<Step>): Generator<GivenReading | 'idle' | 'end'> {
  const given: GivenReading[] = []
  let newest = 1000
  for (const one of steps) {
    if (typeof one === 'string') {
      yield one
      continue
    }
    const again = 'again' in one ? given[one.again % Math.max(1, given.length)] : undefined
    const reading: GivenReading = again ?? {
      ts: newest + ('by' in one ? one.by : 0),
      values: 'values' in one ? one.values : {},
      arrival: 'arrival' in one && one.arrival,
    }
    newest = Math.max(newest, reading.ts)
    given.push(reading)
    yield reading
  }
}

describe('against an asset that keeps everything', () => {
  test.each<[string, fc.Arbitrary<WindowRule>]>([
    ['a time', timeRule],
    ['a count', countRule],
    ['a session', sessionRule],
  ])('windows of %s: same windows, counts, statistics and results', (_, windowRule) => {
    fc.assert(
      fc.property(
        windowRule,
        fc.array(step, { maxLength: 80 }),
        fc.constantFrom(1000, 1, 3),
        fc.boolean(),
        (window, steps, openLimit, grows) => {
          const layout = grows ? makeLayout([], 100, null) : makeLayout(['a', 'b', 'c'], false, null)
          const state = makeAssetState('pump-1', 0, layout, 0)
          const naive = createNaiveAsset(window, openLimit)
          const closed: ClosedWindow[] = []
          let watermark = Number.NEGATIVE_INFINITY
          for (const reading of readingsOf(steps)) {
            if (typeof reading === 'string') {
              closeIdle(state, window, reading, closed)
              naive.closeIdle(reading)
            } else {
              const result = advance(state, fieldsOf(reading), rulesOf(window, openLimit), 0, closed)
              expect(result).toBe(naive.take(reading))
            }
            expect(state.watermark).toBeGreaterThanOrEqual(watermark)
            watermark = state.watermark
            expect(watermark).toBe(naive.watermark())
            expect(state.windows.length).toBe(naive.open())
            if (!('count' in window)) expect(state.windows.length).toBeLessThanOrEqual(openLimit)
          }
          expect(closed.length).toBe(naive.closed.length)
          closed.forEach((ours, i) => {
            expectSame(plain(ours), naive.closed[i]!)
          })
        },
      ),
      { numRuns: 600 },
    )
  })

  test('implausible values are not measured', () => {
    const plausible = (_: string, value: number) => value >= -100 && value <= 500
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 30 }), (all) => {
        const window = { sizeMs: 1000, hopMs: 1000, latenessMs: 0, idleMs: 1000 }
        const layout = makeLayout(['a', 'b', 'c'], false, () => ({ min: -100, max: 500 }))
        const state = makeAssetState('pump-1', 0, layout, 0)
        const naive = createNaiveAsset(window, 1000, plausible)
        const closed: ClosedWindow[] = []
        all.forEach((given, ts) => {
          advance(state, fieldsOf({ ts, values: given }), rulesOf(window), 0, closed)
          naive.take({ ts, values: given })
        })
        closeIdle(state, window, 'end', closed)
        naive.closeIdle('end')
        expectSame(plain(closed[0]!), naive.closed[0]!)
      }),
    )
  })
})

const minute = { sizeMs: 60, hopMs: 60, latenessMs: 20, idleMs: 100 }

function asset(): AssetState {
  return makeAssetState('pump-1', 0, makeLayout(['a'], false, null), 0)
}

function feed(state: AssetState, rules: AssetRules, readings: readonly GivenReading[]) {
  const closed: ClosedWindow[] = []
  const results = readings.map((reading) => advance(state, fieldsOf(reading), rules, 0, closed))
  return { results, closed }
}

test('a window closes when the highest time less the lateness reaches its end, not before', () => {
  const state = asset()
  expect(feed(state, rulesOf(minute), [{ ts: 0 }, { ts: 79 }]).closed).toEqual([])
  const { closed } = feed(state, rulesOf(minute), [{ ts: 80 }])
  expect(closed.map(({ start, end, count, closed: by }) => [start, end, count, by])).toEqual([
    [0, 60, 1, 'watermark'],
  ])
})

test('a reading late by all of its windows is late, one that still has an open window is not', () => {
  const hopping = { sizeMs: 60, hopMs: 20, latenessMs: 0, idleMs: 60 }
  const state = asset()
  const { results } = feed(state, rulesOf(hopping), [
    { ts: 0 },
    { ts: 99 },
    { ts: 59 },
    { ts: 20 },
    { ts: 39 },
  ])
  // Windows that start at 40 and later are open: 59 has one, 20 and 39 have none.
  expect(results).toEqual(['windowed', 'windowed', 'windowed', 'late', 'late'])
})

test('an idle close moves the watermark to the end of the last open window and no further', () => {
  const state = asset()
  feed(state, rulesOf(minute), [{ ts: 10 }, { ts: 70 }])
  const closed: ClosedWindow[] = []
  closeIdle(state, minute, 'idle', closed)
  expect(closed.map(({ start, closed: by }) => [start, by])).toEqual([
    [0, 'idle'],
    [60, 'idle'],
  ])
  expect(state.watermark).toBe(120)
  expect(feed(state, rulesOf(minute), [{ ts: 119 }, { ts: 120 }]).results).toEqual(['late', 'windowed'])
})

test('an idle close of an asset without open windows changes nothing', () => {
  const state = asset()
  const closed: ClosedWindow[] = []
  closeIdle(state, minute, 'idle', closed)
  expect(closed).toEqual([])
  expect(state.watermark).toBe(Number.NEGATIVE_INFINITY)
})

test('a reading without a time of its own is never a duplicate, nor makes one', () => {
  const given = { ts: 5, values: { a: 1 } }
  const { results } = feed(asset(), rulesOf(minute), [
    { ...given, arrival: true },
    { ...given, arrival: true },
    given,
    given,
  ])
  expect(results).toEqual(['windowed', 'windowed', 'windowed', 'duplicate'])
})

test('duplicates are told as far back as the limit', () => {
  const rules = { ...rulesOf(minute), dedupePerAsset: 3 }
  const readings = [0, 1, 2, 3].map((ts) => ({ ts, values: { a: ts } }))
  const { results } = feed(asset(), rules, [...readings, readings[1]!, readings[0]!])
  expect(results.slice(4)).toEqual(['duplicate', 'windowed'])
})

test('at the limit of open windows the oldest closes, also when an old reading opened it', () => {
  const patient = { sizeMs: 10, hopMs: 10, latenessMs: 1000, idleMs: 2000 }
  const state = asset()
  const { results, closed } = feed(state, rulesOf(patient, 2), [
    { ts: 55 },
    { ts: 45 },
    { ts: 5 },
    { ts: 15 },
  ])
  expect(closed.map(({ start }) => start)).toEqual([0, 10])
  expect(results).toEqual(['windowed', 'windowed', 'windowed', 'windowed'])
  expect(state.windows.map(({ start }) => start)).toEqual([40, 50])
  expect(feed(state, rulesOf(patient, 2), [{ ts: 16 }]).results).toEqual(['late'])
})

test('a channel beyond the limit is passed over, and the asset goes on', () => {
  const state = makeAssetState('pump-1', 0, makeLayout([], 2, null), 0)
  feed(
    state,
    rulesOf(minute),
    Array.from({ length: 50 }, (_, ts) => ({ ts, values: { [`made-up-${ts}`]: ts } })),
  )
  expect(state.layout.channels).toEqual(['made-up-0', 'made-up-1'])
  expect(state.windows[0]!.count).toBe(50)
})

test('late, duplicate and windowed readings alike say that the asset is not silent', () => {
  const state = asset()
  const closed: ClosedWindow[] = []
  advance(state, fieldsOf({ ts: 500, values: { a: 1 } }), rulesOf(minute), 7, closed)
  for (const [ts, heardAtMs] of [
    [500, 8],
    [1, 9],
  ] as const) {
    advance(state, fieldsOf({ ts, values: { a: 1 } }), rulesOf(minute), heardAtMs, closed)
    expect(state.heardAtMs).toBe(heardAtMs)
  }
})
