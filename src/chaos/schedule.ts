/** Which disturbances come in which order: drawn from the seed, so that a run can be repeated. */
import { createRandom, type Random } from '../../simulators/random.ts'
import type { Disturbance } from './plant.ts'

export interface Step {
  readonly disturbance: Disturbance
  /** Its own stream: what one step draws does not change the others. */
  readonly random: Random
}

/**
 * @param disturbances of each there is its share, at least one; the greatest share (the kill's, where it is among them)
 *   is the whole
 * @param kills how often the one with the greatest share comes
 */
export function scheduleOf(disturbances: readonly Disturbance[], kills: number, seed: number): Step[] {
  const random = createRandom(seed, 'order')
  const greatest = Math.max(...disturbances.map(({ share }) => share))
  const timesOf = (share: number) => Math.max(1, Math.round((kills * share) / (greatest || 1)))
  const all = disturbances.flatMap((disturbance) =>
    Array.from({ length: timesOf(disturbance.share) }, () => disturbance),
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
