import fc from 'fast-check'
import { expect, test } from 'vitest'
import { STATISTICS } from '../../src/core/moments.ts'
import { closedWindows, type PlainReading } from '../../src/core/windowed.ts'
import { createNaiveAsset } from '../support/naive-asset.ts'

const options = {
  channels: ['a', 'b'],
  window: { sizeMs: 10, hopMs: 5, latenessMs: 5, idleMs: 20 },
  dedupePerAsset: 1000,
  openWindowsPerAsset: 1000,
}

const readings: fc.Arbitrary<PlainReading[]> = fc.array(
  fc.record({
    asset: fc.constantFrom('pump-1', 'pump-2'),
    ts: fc.integer({ min: 0, max: 100 }),
    values: fc.dictionary(fc.constantFrom('a', 'b', 'other'), fc.integer({ min: -9, max: 9 }), {
      noNullPrototype: true,
    }),
  }),
  { maxLength: 60 },
)

test('each asset has its own windows, as if it were alone; the open ones come last', () => {
  fc.assert(
    fc.property(readings, (all) => {
      const windows = [...closedWindows(all, options)].map((window) => ({
        asset: window.state.asset,
        start: window.start,
        count: window.count,
        closed: window.closed,
      }))
      for (const asset of ['pump-1', 'pump-2']) {
        const naive = createNaiveAsset(options.window, 1000)
        for (const reading of all) if (reading.asset === asset) naive.take(reading)
        naive.closeIdle('end')
        expect(windows.filter((window) => window.asset === asset)).toEqual(
          naive.closed.map(({ start, count, closed }) => ({ asset, start, count, closed })),
        )
      }
      const firstEnd = windows.findIndex(({ closed }) => closed === 'end')
      if (firstEnd >= 0) expect(windows.slice(firstEnd).every(({ closed }) => closed === 'end')).toBe(true)
    }),
  )
})

test('windows keep the channels that were asked for, in that order, and plausible values only', () => {
  const given = [
    { asset: 'pump-1', ts: 0, values: { b: 1, other: 5, a: 2 } },
    { asset: 'pump-1', ts: 1, values: { a: 400, b: null } },
  ]
  const [window] = closedWindows(given, { ...options, plausible: () => () => ({ min: 0, max: 100 }) })
  expect(window!.channels).toEqual(['a', 'b'])
  expect(window!.statistics[0]).toBe(2)
  expect(window!.statistics[STATISTICS.length]).toBe(1)
})
