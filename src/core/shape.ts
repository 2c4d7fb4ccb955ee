/**
 * The shape of a reading: which channels its payload has, in which order. Readings of one sensor nearly
 * always share a shape, so everything that depends on names is worked out once per shape, not per reading.
 */

export interface Shape {
  readonly channels: readonly string[]
  /** A hash of each channel's name, mixed into the hash of its value. */
  readonly nameHashes: Int32Array
}

/** FNV-1a over UTF-16 units: spreads names well enough and is cheap. */
function nameHash(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return hash | 0
}

export function makeShape(channels: readonly string[]): Shape {
  return { channels, nameHashes: Int32Array.from(channels, nameHash) }
}

const float = new Float64Array(1)
const words = new Int32Array(float.buffer)

/**
 * Identity of a reading's values, whatever the order of its channels; with `ts` it tells duplicates.
 * @returns an integer of 52 bits: two different sets of values at one `ts` meet with a chance of 2e-16
 */
export function valuesHash(shape: Shape, values: Float64Array): number {
  const names = shape.nameHashes
  let high = 0
  let low = 0
  for (let i = 0; i < names.length; i++) {
    float[0] = values[i]!
    let mixed = Math.imul(names[i]! ^ words[0]!, 0x85ebca6b)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed ^ words[1]!, 0xc2b2ae35)
    high = (high + (mixed ^ (mixed >>> 13))) | 0
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x27d4eb2f)
    low = (low + (mixed ^ (mixed >>> 15))) | 0
  }
  return (high >>> 0) * 0x100000 + (low >>> 12)
}
