/**
 * How far a figure could be off by the chance of which machines were looked at: assets are drawn anew with
 * replacement, never windows, for those of one machine are alike (Efron's percentile interval over clusters).
 */
import { createRandom } from '../../simulators/random.ts'
import { quantile } from './reliability.ts'

/** Ends of the interval that holds 95 % of the replicates. */
export type Interval = readonly [number, number]

/** Fewer assets say nothing about others. */
export const LEAST_ASSETS = 5

/** Replicates; with many windows fewer, down to the least, so that it stays a matter of seconds. */
const MOST_REPLICATES = 1000
const LEAST_REPLICATES = 200
const WINDOWS_AT_ALL = 200_000_000

const SHARE = 0.95

export function replicatesFor(windows: number): number {
  const affordable = Math.floor(WINDOWS_AT_ALL / Math.max(1, windows))
  return Math.min(MOST_REPLICATES, Math.max(LEAST_REPLICATES, affordable))
}

/**
 * @param measure figures of the assets drawn; weight[i] = how often asset i was. NaN = it can't be told of them
 * @returns an interval for each figure; null for too few assets, no interval where half of the replicates can't tell
 */
export function bootstrapIntervals(
  assets: number,
  replicates: number,
  seed: number,
  measure: (weight: Uint32Array) => Readonly<Record<string, number>>,
): Readonly<Record<string, Interval>> | null {
  if (assets < LEAST_ASSETS) return null
  const random = createRandom(seed, 'bootstrap')
  const weight = new Uint32Array(assets)
  const drawn = new Map<string, number[]>()
  for (let replicate = 0; replicate < replicates; replicate++) {
    weight.fill(0)
    for (let i = 0; i < assets; i++) weight[random.below(assets)]!++
    for (const [name, value] of Object.entries(measure(weight))) {
      const values = drawn.get(name) ?? []
      if (Number.isFinite(value)) values.push(value)
      drawn.set(name, values)
    }
  }
  const intervals: Record<string, Interval> = {}
  for (const [name, values] of drawn) {
    if (values.length < replicates / 2) continue
    const sorted = Float64Array.from(values).sort()
    const tail = (1 - SHARE) / 2
    intervals[name] = [sixDecimals(quantile(sorted, tail)), sixDecimals(quantile(sorted, 1 - tail))]
  }
  return intervals
}

export function sixDecimals(value: number): number {
  return Math.round(value * 1e6) / 1e6
}
