/**
 * The hash of a model's features: their names in order, the version of the feature code, and what that code
 * computes on a window of reference. A manifest carries it; a program whose features would differ from those
 * that the model was trained on refuses to serve it, even if somebody forgot to raise the version.
 */
import { createHash } from 'node:crypto'
import { FEATURES_VERSION } from '../core/features.ts'
import { addValue, MOMENT_SLOTS, STATISTICS, writeStatistics } from '../core/moments.ts'

/** An uneven window: [seconds since its start, value]. */
const REFERENCE: readonly (readonly [number, number])[] = [
  [0, 60.25],
  [0.5, 61.5],
  [1.25, 59.125],
  [2, 64.75],
  [2.25, 60.5],
  [4.5, 58.375],
]

/** Digits that are compared: enough to see a change of formula, few enough to outlive one of summation. */
const DIGITS = 9

/** @returns sha256 as hex */
export function featuresHash(names: readonly string[]): string {
  const moments = new Float64Array(MOMENT_SLOTS)
  for (const [seconds, value] of REFERENCE) addValue(moments, 0, value, seconds)
  const statistics = new Float64Array(STATISTICS.length)
  writeStatistics(moments, 0, statistics, 0)
  const computed = Array.from(statistics, (value) => value.toPrecision(DIGITS))
  const definition = { version: FEATURES_VERSION, names, statistics: STATISTICS, computed }
  return createHash('sha256').update(JSON.stringify(definition)).digest('hex')
}
