/**
 * Assets of a pipeline and partition that have the same channels: the first of them to end their learning period lend
 * the states that they have learned in it to the others, moved by the difference of their means. So a load that one machine has run at is no news to
 * its sisters. Who lends is decided by the order of the log and stored with each (`rank`).
 */
import type { Baseline } from './baseline.ts'
import { copyStates } from './known-states.ts'

/** Most assets that lend their states: what a window costs is bounded by it. */
export const LENDERS = 8
/** Most different sets of channels in a pipeline that are told apart; assets beyond learn alone. */
export const FAMILIES = 64

export interface Sisters {
  /** Those that lend to an asset, by rank; it may be among them. All have `lent`. */
  lenders(baseline: Baseline): readonly Baseline[]
  /** The learning period of an asset is over: it lends from now on if there is room. */
  join(baseline: Baseline): void
  /** An asset that had joined was restored. */
  rejoin(baseline: Baseline): void
  /** An asset begins anew. */
  leave(baseline: Baseline): void
}

const NONE: readonly Baseline[] = []

export function makeSisters(): Sisters {
  const families = new Map<string, Baseline[]>()
  /** A name holds no line break where it comes from a config; two families that met would only share more. */
  const keyOf = ({ channels }: Baseline) => channels.join('\n')

  function familyOf(baseline: Baseline): Baseline[] | null {
    const key = keyOf(baseline)
    const family = families.get(key)
    if (family || families.size >= FAMILIES) return family ?? null
    const made: Baseline[] = []
    families.set(key, made)
    return made
  }

  return {
    lenders: (baseline) => families.get(keyOf(baseline)) ?? NONE,

    join(baseline) {
      const family = familyOf(baseline)
      if (!family || family.length >= LENDERS) return
      baseline.rank = (family[family.length - 1]?.rank ?? 0) + 1
      baseline.lent = { states: copyStates(baseline.states), mean: baseline.mean.slice() }
      family.push(baseline)
    },

    rejoin(baseline) {
      const family = familyOf(baseline)
      if (!family) return
      family.push(baseline)
      family.sort((a, b) => a.rank - b.rank)
    },

    leave(baseline) {
      const family = families.get(keyOf(baseline))
      const at = family?.indexOf(baseline) ?? -1
      if (at >= 0) family!.splice(at, 1)
      baseline.rank = 0
      baseline.lent = null
    },
  }
}
