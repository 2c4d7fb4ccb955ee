/**
 * The states that an asset has been seen in while quiet: a bounded memory of feature vectors. A machine with load
 * cycles is normal in many places; a new window is judged by the nearest of them, not by the middle between all.
 */

/** Most states of an asset; a new one then takes the place of the one that was least recently the nearest. */
export const STATES_PER_ASSET = 64

export interface KnownStates {
  /** Row-major [length × features]; NaN = not measured. */
  cells: Float64Array
  length: number
  /** By the asset's own count of windows: when each was learned, and when it was last the nearest. */
  born: Float64Array
  used: Float64Array
}

/** A state of some memory, as `nearestState` found it. */
export interface Nearest {
  /** Squared distance in spreads over the features that both have. */
  distance: number
  /** -1 = there is none. */
  index: number
}

export function makeStates(): KnownStates {
  return {
    cells: new Float64Array(0),
    length: 0,
    born: new Float64Array(0),
    used: new Float64Array(0),
  }
}

export function copyStates({ cells, length, born, used }: KnownStates): KnownStates {
  return { cells: cells.slice(), length, born: born.slice(), used: used.slice() }
}

/**
 * The nearest state that is no younger than `bornBy`.
 * @param vector the window, in the coordinates of these states
 * @param weights 1 / spread² of each feature
 * @param within only states nearer than this are of interest
 */
export function nearestState(
  { cells, length, born }: KnownStates,
  vector: Float64Array,
  weights: Float64Array,
  bornBy: number,
  within: number,
): Nearest {
  const size = vector.length
  const nearest = { distance: within, index: -1 }
  for (let state = 0; state < length; state++) {
    if (born[state]! > bornBy) continue
    let distance = 0
    for (let i = 0; i < size && distance < nearest.distance; i++) {
      const apart = vector[i]! - cells[state * size + i]!
      // NaN on either side says nothing about the distance.
      if (!Number.isNaN(apart)) distance += apart * apart * weights[i]!
    }
    if (distance < nearest.distance) {
      nearest.distance = distance
      nearest.index = state
    }
  }
  return nearest
}

/** Takes a state in; `clock` is the asset's count of windows. */
export function addState(states: KnownStates, vector: Float64Array, clock: number): void {
  const size = vector.length
  let at = states.length
  if (at === STATES_PER_ASSET) at = leastUsed(states)
  else {
    states.cells = longer(states.cells, size)
    states.born = longer(states.born, 1)
    states.used = longer(states.used, 1)
    states.length++
  }
  states.cells.set(vector, at * size)
  states.born[at] = clock
  states.used[at] = clock
}

function longer(array: Float64Array, by: number): Float64Array {
  const made = new Float64Array(array.length + by)
  made.set(array)
  return made
}

function leastUsed({ used, length }: KnownStates): number {
  let least = 0
  for (let state = 1; state < length; state++) if (used[state]! < used[least]!) least = state
  return least
}
