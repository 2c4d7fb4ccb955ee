/**
 * Which machines teach and which judge. By asset, never by row: windows of one machine are alike, so a split by
 * rows would ask the net what it has seen.
 */
import { createRandom, type Random } from '../../simulators/random.ts'
import { failure } from '../core/errors.ts'
import type { Dataset } from './dataset.ts'
import { POSITIVE } from './horizon.ts'

/** A set of indices into `assets` for each share that was asked for. */
export type Parts = readonly ReadonlySet<number>[]

/**
 * Deals the assets out by chance, those with failures and those without apart, so that every part has its share
 * of both. Depends on the assets' names and the seed alone, not on the order in which they came.
 * @param shares of all assets, one per part, summing to 1
 * @throws Failure `input` when a part would have no asset that fails
 */
export function splitAssets(dataset: Dataset, shares: readonly number[], seed: number): Parts {
  const failing = failingAssets(dataset)
  if (failing.size < shares.length) {
    throw failure(
      'input',
      `labelled failures on ${failing.size} assets; ${shares.length} are needed at least, ` +
        'as assets that teach and assets that judge are kept apart',
    )
  }
  return dealAssets(dataset, shares, seed)
}

/** The same for data in which nothing need have failed: a part may be without an asset. */
export function dealAssets(dataset: Dataset, shares: readonly number[], seed: number): Parts {
  const failing = failingAssets(dataset)
  const parts = shares.map(() => new Set<number>())
  const byName = dataset.assets
    .map((_, i) => i)
    .sort((a, b) => compare(dataset.assets[a]!, dataset.assets[b]!))
  deal(
    byName.filter((asset) => failing.has(asset)),
    shares,
    createRandom(seed, 'split', 'failing'),
    parts,
  )
  deal(
    byName.filter((asset) => !failing.has(asset)),
    shares,
    createRandom(seed, 'split', 'healthy'),
    parts,
  )
  return parts
}

function failingAssets({ rows, asset, target }: Dataset): Set<number> {
  const failing = new Set<number>()
  for (let row = 0; row < rows; row++) if (target[row] === POSITIVE) failing.add(asset[row]!)
  return failing
}

/** Cuts the shuffled list at the shares; each part gets one at least if there are enough, else the first ones do. */
function deal(
  assets: readonly number[],
  shares: readonly number[],
  random: Random,
  parts: readonly Set<number>[],
): void {
  const shuffled = shuffle([...assets], random)
  let taken = 0
  let sum = 0
  shares.forEach((share, i) => {
    sum += share
    const rest = shuffled.length < shares.length ? 0 : shares.length - i - 1
    const wanted = Math.max(taken + 1, Math.round(sum * shuffled.length))
    const isLast = i === shares.length - 1
    const until = isLast ? shuffled.length : Math.min(wanted, shuffled.length - rest)
    for (; taken < until; taken++) parts[i]!.add(shuffled[taken]!)
  })
}

/** Fisher–Yates, in place. */
export function shuffle<List extends { [index: number]: number; readonly length: number }>(
  list: List,
  random: Random,
): List {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const kept = list[i]!
    list[i] = list[j]!
    list[j] = kept
  }
  return list
}

/** By code units: the same order wherever it runs. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
