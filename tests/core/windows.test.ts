/** Laws of windows of every kind, with the words of users of other engines where they lost readings. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AssetRules, advance, closeIdle, makeAssetState } from '../../src/core/asset.ts'
import { makeLayout } from '../../src/core/layout.ts'
import type { ClosedWindow } from '../../src/core/open-window.ts'
import { type WindowRule, windowsAt } from '../../src/core/window.ts'
import { fieldsOf, type GivenReading } from '../support/reading-fields.ts'
import { countRule, sessionRule, timeRule } from '../support/window-rules.ts'

function rulesOf(window: WindowRule): AssetRules {
  return { window, dedupePerAsset: 10_000, openWindowsPerAsset: 10_000 }
}

/** Windows and results of an asset that takes readings in this order; what is open then is closed. */
function run(window: WindowRule, readings: readonly GivenReading[]) {
  const state = makeAssetState('pump-1', 0, makeLayout(['a'], false, null), 0)
  const closed: ClosedWindow[] = []
  const results = readings.map((reading) => advance(state, fieldsOf(reading), rulesOf(window), 0, closed))
  closeIdle(state, window, 'end', closed)
  return { results, closed, state }
}

const spans = (closed: readonly ClosedWindow[]) =>
  closed.map(({ start, end, count, closed: by }) => [start, end, count, by])

/** Times that grow, from far in the past on; the values make each reading another one. */
const inOrder = fc
  .tuple(
    fc.integer({ min: -62_000_000_000_000, max: 2_000_000_000_000 }),
    fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 60 }),
  )
  .map(([startMs, steps]) => {
    let ts = startMs
    return steps.map((by, i) => {
      ts += by
      return { ts, values: { a: i } }
    })
  })

test('Window size not dividing the epoch, hop not dividing the size, align_to far in the past: no loss', () => {
  fc.assert(
    fc.property(timeRule, inOrder, (window, readings) => {
      const { results, closed } = run(window, readings)
      expect(new Set(results)).toEqual(new Set(['windowed']))
      const held = readings.reduce((sum, { ts }) => sum + windowsAt(ts, window).length, 0)
      expect(closed.reduce((sum, { count }) => sum + count, 0)).toBe(held)
      expect(held).toBeGreaterThanOrEqual(readings.length)
    }),
  )
})

test('windowsAt names each window that holds a time, and no other', () => {
  fc.assert(
    fc.property(timeRule, fc.integer({ min: -10_000, max: 10_000 }), (window, ts) => {
      const starts = Array.from(
        { length: 201 },
        (_, i) => (Math.floor(ts / window.hopMs) - 100 + i) * window.hopMs,
      )
      const holding = starts.filter((start) => start <= ts && ts < start + window.sizeMs)
      expect(windowsAt(ts, window).map(({ start }) => start)).toEqual(holding)
    }),
  )
})

/** The same readings, each at most the lateness behind the newest before it. */
function shuffled(readings: readonly GivenReading[], latenessMs: number, dice: readonly number[]) {
  const order = readings.map((reading, i) => {
    return { reading, place: reading.ts + Math.floor((dice[i % dice.length] ?? 0) * latenessMs) }
  })
  return order.sort((a, b) => a.place - b.place).map(({ reading }) => reading)
}

const dice = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 })

test.each([
  ['a time', timeRule],
  ['a session', sessionRule],
] as const)('windows of %s: the order within the lateness has no effect', (_, rule) => {
  fc.assert(
    fc.property(rule, inOrder, dice, (window, readings, thrown) => {
      const given = run(window, readings)
      const other = run(window, shuffled(readings, window.latenessMs, thrown))
      expect(new Set(other.results)).toEqual(new Set(['windowed']))
      const plain = (closed: readonly ClosedWindow[]) =>
        closed.map(({ start, end, count }) => [start, end, count])
      expect(plain(other.closed)).toEqual(plain(given.closed))
      given.closed.forEach(({ statistics }, i) => {
        statistics.forEach((value, at) => {
          const tolerance = 1e-6 * Math.max(1, Math.abs(value))
          expect(Math.abs(other.closed[i]!.statistics[at]! - value)).toBeLessThanOrEqual(tolerance)
        })
      })
    }),
    { numRuns: 300 },
  )
})

test('windows of a count go by the log: no order within the lateness is late, and none is lost', () => {
  fc.assert(
    fc.property(countRule, inOrder, dice, (window, readings, thrown) => {
      const steady = { ...window, hop: window.count, idleMs: 10_000 }
      const { results, closed, state } = run(steady, shuffled(readings, window.latenessMs, thrown))
      expect(new Set(results)).toEqual(new Set(['windowed']))
      const held = closed.reduce((sum, { count }) => sum + count, 0)
      expect(held + state.run.leftOver).toBe(readings.length)
      for (const { count, closed: by } of closed) expect(count === window.count || by === 'end').toBe(true)
    }),
  )
})

describe('windows of a count', () => {
  const three = { count: 3, hop: 3, latenessMs: 10, idleMs: 100 }
  const at = (...times: number[]) => times.map((ts, i) => ({ ts, values: { a: i } }))

  test('start and end at the first and last ts, and close when they are full', () => {
    const { closed, results } = run(three, at(0, 20, 15, 30, 40, 50))
    expect(spans(closed)).toEqual([
      [0, 20, 3, 'watermark'],
      [30, 50, 3, 'watermark'],
    ])
    expect(new Set(results)).toEqual(new Set(['windowed']))
  })

  test('a reading older than the last by more than the lateness is late', () => {
    expect(run(three, at(50, 40, 39)).results).toEqual(['windowed', 'windowed', 'late'])
  })

  test('a gap over idle ends the run, giving a partial window if none was full', () => {
    expect(spans(run(three, at(0, 10, 111, 120, 130)).closed)).toEqual([
      [0, 10, 2, 'idle'],
      [111, 130, 3, 'watermark'],
    ])
    const { closed, state } = run(three, at(0, 10, 20, 30, 131, 140))
    expect(spans(closed)).toEqual([
      [0, 20, 3, 'watermark'],
      [131, 140, 2, 'end'],
    ])
    expect(state.run.leftOver).toBe(1)
  })

  test('with a hop they overlap, and the next one begins so many readings later', () => {
    const { closed, state } = run({ ...three, hop: 1 }, at(0, 10, 20, 30, 40))
    expect(spans(closed).map(([start]) => start)).toEqual([0, 10, 20])
    expect(state.run.leftOver).toBe(0)
  })
})

describe('sessions', () => {
  const pause = { gapMs: 10, maxMs: 1000, latenessMs: 30, idleMs: 50 }
  const at = (...times: number[]) => times.map((ts, i) => ({ ts, values: { a: i } }))

  test('hold what follows with less than the gap, and end a gap after their last reading', () => {
    expect(spans(run(pause, at(0, 9, 18, 28, 37)).closed)).toEqual([
      [0, 28, 3, 'end'],
      [28, 47, 2, 'end'],
    ])
  })

  test('are one when a reading comes between them', () => {
    const { closed } = run(pause, at(0, 16, 8))
    expect(spans(closed)).toEqual([[0, 26, 3, 'end']])
    const [mean, std, min, max, , , , slope] = closed[0]!.statistics
    expect([mean, min, max]).toEqual([1, 0, 2])
    expect(std).toBeCloseTo(Math.sqrt(2 / 3), 12)
    expect(slope).toBeCloseTo(1000 / 16, 9)
  })

  test('never go beyond a multiple of max, whoever sends without a pause', () => {
    const readings = at(...Array.from({ length: 500 }, (_, i) => i * 5))
    expect(spans(run(pause, readings).closed).map(([start, end]) => [start, end])).toEqual([
      [0, 1000],
      [1000, 2000],
      [2000, 2505],
    ])
  })

  test('close at the watermark; what comes behind it is late unless it falls into one that is open', () => {
    const { results, closed } = run(pause, at(0, 100, 95, 69, 70, 40))
    expect(spans(closed)[0]).toEqual([0, 10, 1, 'watermark'])
    expect(results).toEqual(['windowed', 'windowed', 'windowed', 'late', 'windowed', 'late'])
  })
})
