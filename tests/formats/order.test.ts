import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inTimeOrder } from '../../src/formats/order.ts'

const readings = fc.array(
  fc.record({ asset: fc.constantFrom('a', 'b', 'c'), ts: fc.integer({ min: -20, max: 20 }) }),
  {
    maxLength: 60,
  },
)

test('each asset keeps its own order, and nothing is lost', async () => {
  await fc.assert(
    fc.asyncProperty(readings, async (given) => {
      const ordered = await inTimeOrder(given)
      expect(ordered).toHaveLength(given.length)
      for (const name of ['a', 'b', 'c']) {
        const own = (all: typeof given) => all.filter(({ asset }) => asset === name)
        expect(own(ordered)).toEqual(own(given))
      }
    }),
  )
})

test('assets interleave in time: no reading comes before one that is older by what its asset has shown', async () => {
  await fc.assert(
    fc.asyncProperty(readings, async (given) => {
      const latest = new Map<string, number>()
      let previous = Number.NEGATIVE_INFINITY
      for (const { asset, ts } of await inTimeOrder(given)) {
        const shown = Math.max(ts, latest.get(asset) ?? ts)
        latest.set(asset, shown)
        expect(shown).toBeGreaterThanOrEqual(previous)
        previous = shown
      }
    }),
  )
})

test('files one after another are played at once', async () => {
  const one = [1, 3, 2, 5].map((ts) => ({ asset: 'a', ts }))
  const other = [0, 4, 5].map((ts) => ({ asset: 'b', ts }))
  const ordered = await inTimeOrder([...one, ...other])
  expect(ordered.map(({ asset, ts }) => asset + ts)).toEqual(['b0', 'a1', 'a3', 'a2', 'b4', 'a5', 'b5'])
})
