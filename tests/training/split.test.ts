import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../../simulators/random.ts'
import { shuffle, splitAssets } from '../../src/training/split.ts'
import { toyDataset } from '../support/toy-dataset.ts'

describe('a split', () => {
  it('deals every asset to exactly one part, and failing ones to every part', () => {
    fc.assert(
      fc.property(fc.integer({ min: 6, max: 40 }), fc.integer(), (assets, seed) => {
        const parts = splitAssets(toyDataset(assets), [0.6, 0.2, 0.2], seed)
        const dealt = parts.flatMap((part) => [...part])
        expect(dealt.sort((a, b) => a - b)).toEqual(Array.from({ length: assets }, (_, i) => i))
        for (const part of parts) expect([...part].some((index) => index % 2 === 0)).toBe(true)
      }),
    )
  })

  it('keeps to the shares', () => {
    const [teach, judge] = splitAssets(toyDataset(100), [0.8, 0.2], 1)
    expect([teach!.size, judge!.size]).toEqual([80, 20])
  })

  it('depends on names and seed, not on the order in which assets came', () => {
    const dataset = toyDataset(20)
    const named = (data: typeof dataset, seed: number) =>
      splitAssets(data, [0.5, 0.5], seed).map((part) => [...part].map((index) => data.assets[index]!).sort())
    const last = dataset.assets.length - 1
    const reversed = {
      ...dataset,
      assets: [...dataset.assets].reverse(),
      asset: dataset.asset.map((index) => last - index),
    }
    expect(named(reversed, 3)).toEqual(named(dataset, 3))
    expect(named(dataset, 4)).not.toEqual(named(dataset, 3))
  })

  it('with too few failing assets says how many are needed', () => {
    expect(() => splitAssets(toyDataset(4), [0.6, 0.2, 0.2], 1)).toThrow(
      'labelled failures on 2 assets; 3 are needed at least',
    )
  })
})

describe('a shuffle', () => {
  it('keeps every element, and repeats with its generator', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (list, seed) => {
        const shuffled = shuffle([...list], createRandom(seed))
        expect([...shuffled].sort()).toEqual([...list].sort())
        expect(shuffle([...list], createRandom(seed))).toEqual(shuffled)
      }),
    )
  })
})
