/** Which disturbances come in which order: drawn from the seed, so that a run can be repeated. */
import { createRandom, type Random } from '../../simulators/random.ts'
import type { Disturbance } from './plant.ts'

export interface Step {
  readonly disturbance: Disturbance
  /** Its own stream: what one step draws does not change the others. */
  readonly random: Random
}

/**
 * @param disturbances the first is the kill; of each other there is its share of the kills, at least one
 * @param kills how often the first comes
 */
export function scheduleOf(disturbances: readonly Disturbance[], kills: number, seed: number): Step[] {
  const random = createRandom(seed, 'order')
  const all = disturbances.flatMap((disturbance) =>
    Array.from({ length: Math.max(1, Math.round(kills * disturbance.share)) }, () => disturbance),
  )
  // Fisher-Yates
  for (let i = all.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const at = all[i]!
    all[i] = all[j]!
    all[j] = at
  }
  return all.map((disturbance, i) => ({ disturbance, random: createRandom(seed, 'step', i) }))
}
