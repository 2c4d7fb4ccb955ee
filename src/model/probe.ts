/**
 * The last check before a model goes live: the manifest holds a few windows with their scores, and a program that
 * makes something else of them does not serve the model. Files and features may be right and the net still another,
 * such as when a backend computes wrongly or a step means something new.
 */
import { join } from 'node:path'
import { failure } from '../core/errors.ts'
import type { Scorer } from '../core/ports.ts'
import type { Manifest, Probe } from './manifest.ts'

/** Backends and CPU families differ in the last bits of a float32; nothing else may differ (law 3). */
export const PROBE_TOLERANCE = 1e-5

/**
 * @param path of the model's folder, for messages
 * @throws Failure `model` that names the probe and both scores
 */
export function checkProbes(scorer: Scorer, { probes }: Pick<Manifest, 'probes'>, path: string): void {
  if (probes.length === 0) return
  const scores = scorer.score(vectorsOf(probes), probes.length)
  probes.forEach(({ score }, i) => {
    if (Math.abs(scores[i]! - score) <= PROBE_TOLERANCE) return
    throw failure(
      'model',
      `${join(path, 'manifest.json')}: probes.${i}.score is ${score}, this program computes ${scores[i]}: ` +
        'the model is not the one that was trained, or it would not score as it did; train it again',
    )
  })
}

/** Row-major; null is a missing value. */
function vectorsOf(probes: readonly Probe[]): Float64Array {
  return Float64Array.from(probes.flatMap(({ features }) => features.map((value) => value ?? Number.NaN)))
}
