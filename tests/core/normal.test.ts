import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { describe, expect, test } from 'vitest'
import { STATISTICS } from '../../src/core/moments.ts'
import {
  learnNormal,
  makeNormal,
  NORMAL_LEARNED,
  type Normal,
  normalFrom,
  normalValue,
  reasonsFor,
  widenNormal,
} from '../../src/core/normal.ts'
import { Reason } from '../../src/core/records.ts'

const isReason = Compile(Reason)

/** Statistics of a window whose channels have these means and stds. */
function windowOf(...channels: readonly (readonly [mean: number, std: number])[]): Float64Array {
  const statistics = new Float64Array(channels.length * STATISTICS.length).fill(Number.NaN)
  channels.forEach(([mean, std], i) => {
    statistics[i * STATISTICS.length] = mean
    statistics[i * STATISTICS.length + 1] = std
  })
  return statistics
}

function learned(channels: number, windows: readonly Float64Array[]): Normal {
  const normal = makeNormal(channels)
  for (const window of windows) learnNormal(normal, window)
  return normal
}

/** A channel around 50 that moves by about 1, and one around 3 that hardly moves. */
const quiet = Array.from({ length: 40 }, (_, i) => windowOf([50 + Math.sin(i), 1 + (i % 3) / 10], [3, 0.1]))

test('a normal is believed after enough windows, and says nothing before', () => {
  const normal = learned(2, quiet.slice(0, NORMAL_LEARNED - 1))
  expect(normalValue(normal, 0, 'mean')).toBe(null)
  expect(reasonsFor(normal, ['a', 'b'], windowOf([900, 1], [3, 0.1]))).toEqual([
    { channel: 'a', feature: 'mean', value: 900, normal: null, share: 0 },
    { channel: 'b', feature: 'mean', value: 3, normal: null, share: 0 },
  ])
  learnNormal(normal, quiet[0]!)
  expect(normalValue(normal, 0, 'mean')).toBeCloseTo(50, 0)
})

test('mean and spread are those of the windows', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: NORMAL_LEARNED }),
      (levels) => {
        const { cells } = learned(
          1,
          levels.map((level) => windowOf([level, 0])),
        )
        const mean = levels.reduce((sum, level) => sum + level, 0) / levels.length
        const square = levels.reduce((sum, level) => sum + (level - mean) ** 2, 0) / levels.length
        expect(cells[0]).toBe(levels.length)
        expect(cells[1]).toBeCloseTo(mean, 6)
        expect(cells[2]).toBeCloseTo(square, 4)
      },
    ),
  )
})

test('a slow drift is followed', () => {
  const normal = learned(
    1,
    Array.from({ length: 5000 }, (_, i) => windowOf([50 + i / 100, 1])),
  )
  expect(normalValue(normal, 0, 'mean')).toBeGreaterThan(90)
})

describe('reasons', () => {
  const normal = learned(2, quiet)

  test('the channel that moved most leads, with value, normal and share', () => {
    const [first, second] = reasonsFor(normal, ['a', 'b'], windowOf([50.1, 1], [3.6, 0.1]))
    expect(first).toMatchObject({ channel: 'b', feature: 'mean', value: 3.6, normal: 3 })
    expect(first!.share).toBeGreaterThan(0.99)
    expect(first!.share + second!.share).toBeCloseTo(1, 3)
  })

  test('at most five', () => {
    const channels = Array.from({ length: 9 }, (_, i) => `c${i}`)
    const windows = Array.from({ length: 20 }, () => windowOf(...channels.map((_, i) => [i, 1] as const)))
    expect(reasonsFor(learned(9, windows), channels, windows[0]!)).toHaveLength(5)
  })

  test('a window without values has none', () => {
    expect(
      reasonsFor(normal, ['a', 'b'], windowOf([Number.NaN, Number.NaN], [Number.NaN, Number.NaN])),
    ).toEqual([])
  })
})

test('is known of every statistic, once it is learned', () => {
  const all = quiet.map((window) => window.map((value, i) => (Number.isNaN(value) ? i : value)))
  const normal = learned(2, all)
  expect(STATISTICS.map((statistic) => normalValue(normal, 1, statistic))).toEqual(
    STATISTICS.map((_, i) => expect.closeTo(i === 0 ? 3 : i === 1 ? 0.1 : 8 + i, 9)),
  )
  expect(normalValue(normal, 1, 'colour')).toBeNull()
  expect(normalValue(normal, -1, 'mean')).toBeNull()
  expect(normalValue(learned(2, all.slice(0, NORMAL_LEARNED - 1)), 0, 'max')).toBeNull()
})

test('of version 1 is read: level and unrest; of other channels it begins anew', () => {
  const normal = learned(2, quiet)
  // Two channels; of eight statistics version 1 kept the first two.
  const before = Float64Array.from([...normal.cells.slice(0, 6), ...normal.cells.slice(24, 30)])
  const read = normalFrom(before, 2)
  expect([0, 1].map((channel) => normalValue(read, channel, 'std'))).toEqual(
    [0, 1].map((channel) => normalValue(normal, channel, 'std')),
  )
  expect(normalValue(read, 0, 'max')).toBeNull()
  expect(normalFrom(normal.cells, 2)).toEqual(normal)
  expect(normalFrom(before, 3)).toEqual(makeNormal(3))
})

test('whatever sensors send, the normal stays finite, reasons keep their schema', () => {
  const extreme = fc.oneof(
    fc.double({ noDefaultInfinity: true }),
    fc.constantFrom(1e308, -1e308, 1e-320, 0, 1e155, Number.NaN),
    fc.integer({ min: 0, max: 3 }),
  )
  const window = fc
    .tuple(extreme, extreme, extreme, extreme)
    .map(([a, b, c, d]) => windowOf([a, Math.abs(b)], [c, Math.abs(d)]))
  fc.assert(
    fc.property(fc.array(window, { maxLength: 40 }), window, (windows, last) => {
      const normal = learned(2, [...windows, ...windows])
      expect(normal.cells.every(Number.isFinite)).toBe(true)
      for (const reason of reasonsFor(normal, ['a', 'b'], last)) {
        expect(isReason.Check(JSON.parse(JSON.stringify(reason))), JSON.stringify(reason)).toBe(true)
      }
    }),
    { numRuns: 500 },
  )
})

test('a channel that comes later begins to be learned then', () => {
  const normal = learned(
    1,
    Array.from({ length: 20 }, () => windowOf([5, 1])),
  )
  widenNormal(normal, 2)
  expect(normalValue(normal, 1, 'mean')).toBe(null)
  expect([...normal.cells.slice(0, 3)]).toEqual([20, 5, 0])
})
