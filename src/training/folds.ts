/**
 * k folds of whole machines: each is judged once, by a net that the others taught. `groupFolds` and
 * `stratifiedFolds` deal exactly as scikit-learn's `GroupKFold` and `StratifiedGroupKFold` without shuffling do.
 */
import { createRandom } from '../../simulators/random.ts'
import { failure } from '../core/errors.ts'
import { type Dataset, usedRows } from './dataset.ts'
import { POSITIVE } from './horizon.ts'
import { shuffle } from './split.ts'

/** Largest group first, each to the fold that has fewest rows. @returns fold of each group */
export function groupFolds(rows: readonly number[], folds: number): number[] {
  const order = rows.map((_, group) => group).sort((a, b) => rows[b]! - rows[a]! || b - a)
  const filled = new Array<number>(folds).fill(0)
  const foldOf = new Array<number>(rows.length).fill(0)
  for (const group of order) {
    const fold = filled.indexOf(Math.min(...filled))
    filled[fold]! += rows[group]!
    foldOf[group] = fold
  }
  return foldOf
}

/** Rows of one group by class. */
export type ClassCounts = readonly [negative: number, positive: number]

/** Equal but for rounding, as NumPy's `isclose` has it. */
const CLOSE = { relative: 1e-5, absolute: 1e-8 }

/**
 * The most uneven group first, each to the fold where it leaves the classes most evenly spread.
 * @returns fold of each group
 */
export function stratifiedFolds(groups: readonly ClassCounts[], folds: number): number[] {
  const total = [0, 1].map((kind) => groups.reduce((sum, counts) => sum + counts[kind]!, 0))
  const order = groups
    .map((counts, group) => ({ group, spread: std(counts) }))
    .sort((a, b) => b.spread - a.spread || a.group - b.group)
  const filled = Array.from({ length: folds }, () => [0, 0])
  const foldOf = new Array<number>(groups.length).fill(0)
  for (const { group } of order) {
    const counts = groups[group]!
    const fold = bestFold(filled, counts, total)
    filled[fold] = filled[fold]!.map((count, kind) => count + counts[kind]!)
    foldOf[group] = fold
  }
  return foldOf
}

function bestFold(filled: readonly number[][], counts: ClassCounts, total: readonly number[]): number {
  let best = { fold: 0, spread: Number.POSITIVE_INFINITY, rows: Number.POSITIVE_INFINITY }
  filled.forEach((own, fold) => {
    const shares = total.map((all, kind) =>
      std(filled.map((other, i) => (other[kind]! + (i === fold ? counts[kind]! : 0)) / all)),
    )
    const spread = (shares[0]! + shares[1]!) / 2
    const rows = own[0]! + own[1]!
    const close = Math.abs(spread - best.spread) <= CLOSE.absolute + CLOSE.relative * Math.abs(best.spread)
    if (spread < best.spread || (close && rows < best.rows)) best = { fold, spread, rows }
  })
  return best.fold
}

function std(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
}

/**
 * Folds of the given assets, dealt in an order that depends on their names and the seed alone.
 * @returns the assets of each fold
 * @throws Failure `input` when fewer assets than folds have failures
 */
export function assetFolds(
  dataset: Dataset,
  assets: ReadonlySet<number>,
  folds: number,
  seed: number,
): ReadonlySet<number>[] {
  const counts = new Map<number, [number, number]>()
  for (const row of usedRows(dataset, assets)) {
    const own = counts.get(dataset.asset[row]!) ?? [0, 0]
    counts.set(dataset.asset[row]!, own)
    own[dataset.target[row] === POSITIVE ? 1 : 0]++
  }
  const failing = [...counts.values()].filter(([, positive]) => positive > 0).length
  if (failing < folds) {
    throw failure(
      'input',
      `labelled failures on ${failing} assets are too few for ${folds} folds; take fewer (--folds)`,
    )
  }
  const names = dataset.assets
  const byName = [...counts.keys()].sort((a, b) => (names[a]! < names[b]! ? -1 : 1))
  const order = shuffle(byName, createRandom(seed, 'folds'))
  const foldOf = stratifiedFolds(
    order.map((asset) => counts.get(asset)!),
    folds,
  )
  return Array.from({ length: folds }, (_, fold) => new Set(order.filter((_, i) => foldOf[i] === fold)))
}
