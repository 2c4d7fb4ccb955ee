/** A dataset of two features that needs both of them to be told apart; quick to learn. */
import { createRandom } from '../../simulators/random.ts'
import type { Dataset } from '../../src/training/dataset.ts'
import { NEGATIVE, POSITIVE } from '../../src/training/horizon.ts'

export const TOY_FEATURES = ['load.mean', 'heat.mean']

/**
 * Failing windows are warmer than their load explains. Every second asset fails in the last quarter of its rows.
 * @param assets how many machines, 100 windows each
 */
export function toyDataset(assets: number, seed = 1): Dataset {
  const random = createRandom(seed, 'toy')
  const rows = assets * 100
  const vectors = new Float64Array(rows * 2)
  const asset = new Int32Array(rows)
  const endMs = new Float64Array(rows)
  const target = new Int8Array(rows)
  for (let row = 0; row < rows; row++) {
    const index = row % assets
    const step = Math.floor(row / assets)
    const fails = index % 2 === 0 && step >= 75
    const load = random.between(0, 10)
    vectors[row * 2] = load
    vectors[row * 2 + 1] = 20 + 5 * load + random.normal() + (fails ? 6 : 0)
    asset[row] = index
    endMs[row] = (step + 1) * 5000
    target[row] = fails ? POSITIVE : NEGATIVE
  }
  const names = Array.from({ length: assets }, (_, i) => `machine-${i}`)
  const spans = names.flatMap((name, i) =>
    i % 2 === 0
      ? [
          {
            label: { asset: name, from: 375_000, to: 499_999, kind: 'heat' },
            beginMs: 375_000,
            positiveFromMs: 375_000,
            failureMs: 499_999,
            endMs: 600_000,
          },
        ]
      : [],
  )
  return {
    features: TOY_FEATURES,
    rows,
    vectors,
    asset,
    endMs,
    target,
    assets: names,
    spans,
    tally: { windowed: rows, late: 0, duplicate: 0 },
    badValues: 0,
  }
}

export function everyAsset(dataset: Dataset): ReadonlySet<number> {
  return new Set(dataset.assets.keys())
}
