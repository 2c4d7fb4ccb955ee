/**
 * The mean gradient of a net of ReLUs on the straight way from the baseline (all inputs 0) to a row, exactly. On that way
 * what goes into the first layer's units is linear; where one of them crosses 0 the net bends. Between two such
 * places what goes into the next layer's units is linear again, and so on to the output. So the way falls into stretches
 * on which the gradient is one, and each counts by its length. A unit crosses 0 once in a stretch at most: from one
 * piece to the next only that unit's part changes, so a row costs little more than one pass through the net.
 */
import type { DenseWeights, ReluStack } from './relu-stack.ts'

export interface Way {
  /** Of the first layer. */
  readonly units: number
  /**
   * @param reached the row times the first layer's kernel, without the bias
   * @param gradient the mean gradient by what goes into the first layer's units, times `share`, is added to it
   */
  addMeanGradient(reached: Float64Array, gradient: Float32Array, share: number): void
}

/** A layer of ReLUs, with room for the stretch that is being looked at. */
interface Level {
  readonly layer: DenseWeights
  /** What goes into its units at both ends of the stretch. */
  readonly from: Float64Array
  readonly to: Float64Array
  /** Mean gradient by that, so far. */
  readonly gradient: Float64Array
  /** Whether a unit lets pass what comes, on the piece between two crossings. */
  readonly passes: Uint8Array
  /** Where units cross 0 within the stretch (0…1), ascending, and which they are. */
  readonly crossings: Float64Array
  readonly crossers: Uint32Array
  /** What goes into the next layer's units, on the piece: `base` + place × `slope`. Empty in the last layer of ReLUs. */
  readonly base: Float64Array
  readonly slope: Float64Array
}

export function createWay({ first, more }: ReluStack): Way {
  const output = more.at(-1)
  if (output === undefined) {
    return {
      units: first.units,
      addMeanGradient: (_reached, gradient, share) => {
        gradient[0] = gradient[0]! + share
      },
    }
  }
  const weights = Float64Array.from(output.kernel)
  const levels = [first, ...more.slice(0, -1)].map(levelOf)
  const start = levels[0]!
  return {
    units: first.units,
    addMeanGradient(reached, gradient, share) {
      for (let unit = 0; unit < first.units; unit++) {
        start.from[unit] = first.bias[unit]!
        start.to[unit] = first.bias[unit]! + reached[unit]!
      }
      start.gradient.fill(0)
      integrate(levels, 0, share, weights)
      for (let unit = 0; unit < first.units; unit++) gradient[unit] = gradient[unit]! + start.gradient[unit]!
    },
  }
}

function levelOf(layer: DenseWeights, at: number, layers: readonly DenseWeights[]): Level {
  const { units } = layer
  const next = layers[at + 1]?.units ?? 0
  return {
    layer,
    from: new Float64Array(units),
    to: new Float64Array(units),
    gradient: new Float64Array(units),
    passes: new Uint8Array(units),
    crossings: new Float64Array(units),
    crossers: new Uint32Array(units),
    base: new Float64Array(next),
    slope: new Float64Array(next),
  }
}

/**
 * Adds to a level's gradient what a stretch of the way gives, at whose ends `from` and `to` go into its units.
 * @param length of the stretch, as it counts
 * @param weights of the output, by which the units of the last level count
 */
function integrate(levels: readonly Level[], at: number, length: number, weights: Float64Array): void {
  const level = levels[at]!
  const next = levels[at + 1]
  if (next === undefined) {
    addOutput(level, length, weights)
    return
  }
  const { crossings, crossers, passes, base, slope } = level
  const count = findCrossings(level)
  next.gradient.fill(0)
  base.set(next.layer.bias)
  slope.fill(0)
  for (let unit = 0; unit < passes.length; unit++) if (passes[unit] === 1) feed(level, next, unit, 1)
  let before = 0
  for (let piece = 0; piece <= count; piece++) {
    const after = piece === count ? 1 : crossings[piece]!
    for (let i = 0; i < base.length; i++) {
      next.from[i] = base[i]! + before * slope[i]!
      next.to[i] = base[i]! + after * slope[i]!
    }
    integrate(levels, at + 1, (after - before) * length, weights)
    if (piece < count) turn(level, next, crossers[piece]!)
    before = after
  }
  for (let unit = 0; unit < passes.length; unit++) if (passes[unit] === 1) addBack(level, next, unit, 1)
}

/** A unit of the last level counts by the part of the stretch on which it lets something pass. */
function addOutput({ from, to, gradient }: Level, length: number, weights: Float64Array): void {
  for (let unit = 0; unit < from.length; unit++) {
    const a = from[unit]!
    const b = to[unit]!
    if (a <= 0 && b <= 0) continue
    const share = a < 0 ? b / (b - a) : b < 0 ? a / (a - b) : 1
    gradient[unit] = gradient[unit]! + share * length * weights[unit]!
  }
}

/** Sets `passes` as it is where the stretch begins, and sorts the crossings as it finds them: there are few. */
function findCrossings({ from, to, passes, crossings, crossers }: Level): number {
  let count = 0
  for (let unit = 0; unit < from.length; unit++) {
    const a = from[unit]!
    const b = to[unit]!
    passes[unit] = a > 0 || (a === 0 && b > 0) ? 1 : 0
    if (!((a < 0 && b > 0) || (a > 0 && b < 0))) continue
    const place = a / (a - b)
    let slot = count++
    for (; slot > 0 && crossings[slot - 1]! > place; slot--) {
      crossings[slot] = crossings[slot - 1]!
      crossers[slot] = crossers[slot - 1]!
    }
    crossings[slot] = place
    crossers[slot] = unit
  }
  return count
}

/** From here on the unit lets pass what comes, or no more. */
function turn(level: Level, next: Level, unit: number): void {
  const opens = level.passes[unit] === 0
  level.passes[unit] = opens ? 1 : 0
  // The gradient of the next level adds up along the way: what lies before the opening is none of this unit's.
  addBack(level, next, unit, opens ? -1 : 1)
  feed(level, next, unit, opens ? 1 : -1)
}

/** Adds what a unit gives to the next layer, or (`sign` -1) takes it away. */
function feed({ from, to, base, slope }: Level, next: Level, unit: number, sign: number): void {
  const { kernel, units } = next.layer
  const start = sign * from[unit]!
  const rise = sign * (to[unit]! - from[unit]!)
  for (let i = 0, at = unit * units; i < units; i++, at++) {
    base[i] = base[i]! + start * kernel[at]!
    slope[i] = slope[i]! + rise * kernel[at]!
  }
}

/** Adds to a unit what the next level has so far, through its weights. */
function addBack({ gradient }: Level, next: Level, unit: number, sign: number): void {
  const { kernel, units } = next.layer
  let sum = 0
  for (let i = 0, at = unit * units; i < units; i++, at++) sum += kernel[at]! * next.gradient[i]!
  gradient[unit] = gradient[unit]! + sign * sum
}
