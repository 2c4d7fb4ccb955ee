import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { channelIndex, growLayout, makeLayout } from '../../src/core/layout.ts'
import { makeShape } from '../../src/core/shape.ts'

const shapes = fc.array(
  fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), { maxLength: 5 }).map(makeShape),
  { maxLength: 10 },
)

describe('growth', () => {
  test('channels stand in the order of their first coming and keep their places', () => {
    fc.assert(
      fc.property(shapes, (all) => {
        let layout = makeLayout([], 100, null)
        for (const shape of all) {
          const grown = growLayout(layout, shape)
          expect(grown.channels.slice(0, layout.channels.length)).toEqual(layout.channels)
          layout = grown
        }
        expect(layout.channels).toEqual([...new Set(all.flatMap(({ channels }) => channels))])
      }),
    )
  })

  test('assets that grow alike share one layout', () => {
    const root = makeLayout([], 100, null)
    const shape = makeShape(['a', 'b'])
    expect(growLayout(root, shape)).toBe(growLayout(root, shape))
    expect(growLayout(growLayout(root, makeShape(['a'])), shape)).toBe(growLayout(root, shape))
  })

  test('nothing to add is the same layout', () => {
    const layout = growLayout(makeLayout([], 100, null), makeShape(['a', 'b']))
    expect(growLayout(layout, makeShape(['b']))).toBe(layout)
  })

  test('it stops at its limit, and then keeps what it has', () => {
    const full = growLayout(makeLayout([], 3, null), makeShape(['a', 'b', 'c', 'd']))
    expect(full.channels).toEqual(['a', 'b', 'c'])
    expect(full.grows).toBe(false)
    expect(growLayout(full, makeShape(['e', 'a']))).toBe(full)
    expect([...channelIndex(full, makeShape(['e', 'a']))]).toEqual([-1, 0])
  })

  test('a fixed layout keeps its channels', () => {
    const fixed = makeLayout(['a'], false, null)
    expect(growLayout(fixed, makeShape(['b']))).toBe(fixed)
  })
})

test('an index says where each channel of a shape stands', () => {
  const layout = makeLayout(['x', 'y', 'z'], false, null)
  const shape = makeShape(['z', 'q', 'x'])
  expect([...channelIndex(layout, shape)]).toEqual([2, -1, 0])
  expect(channelIndex(layout, shape)).toBe(channelIndex(layout, shape))
})

test('a sender that makes up shapes fills no memory', () => {
  const layout = makeLayout(['x'], false, null)
  for (let i = 0; i < 1000; i++) channelIndex(layout, makeShape([`made-up-${i}`]))
  expect(layout.byShape.size).toBeLessThanOrEqual(64)
  const growing = makeLayout([], 10, null)
  for (let i = 0; i < 1000; i++) growLayout(growing, makeShape([`made-up-${i}`]))
  expect(growing.grown.size).toBeLessThanOrEqual(256)
})

test('plausible values are those of the channels, also of ones that come later', () => {
  const ranges: Record<string, { min: number | null; max: number | null }> = {
    a: { min: 0, max: null },
    b: { min: null, max: 9 },
  }
  const layout = growLayout(
    makeLayout(['a'], 3, (channel) => ranges[channel]),
    makeShape(['b', 'c']),
  )
  expect([...layout.min]).toEqual([0, -Infinity, -Infinity])
  expect([...layout.max]).toEqual([Infinity, 9, Infinity])
})
