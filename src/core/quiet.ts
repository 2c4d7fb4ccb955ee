/**
 * Which windows may teach an asset's baseline: quiet ones; and, once the machine is quiet again, the few beyond the limit
 * that passed by themselves (a change of load, a start). Never a window of an open alert, nor of a standstill.
 */
import { type Baseline, isLearned, type LearnRule, PASSING_WINDOWS, teach } from './baseline.ts'
import type { Sisters } from './sisters.ts'
import type { Verdict } from './verdict.ts'

/** @param alertOpen an alert of the asset is open behind this window */
export function teachQuietly(
  baseline: Baseline,
  { vector, smoothed, ratioAlone, resting }: Verdict,
  alertOpen: boolean,
  rule: LearnRule,
  sisters: Sisters,
): void {
  if (!rule.follow && isLearned(baseline, rule)) return
  if (alertOpen || resting) {
    baseline.passing = []
    return
  }
  if (ratioAlone >= 1) {
    // One more than may pass: what lasts that long does not pass by itself.
    if (baseline.passing.length <= PASSING_WINDOWS) baseline.passing.push(vector)
    return
  }
  if (baseline.passing.length <= PASSING_WINDOWS) {
    for (const passed of baseline.passing) teach(baseline, passed, null, rule, sisters)
  }
  baseline.passing = []
  teach(baseline, vector, smoothed, rule, sisters)
}
