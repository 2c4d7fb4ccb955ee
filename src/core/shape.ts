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
 * Identity of a reading's values, whatever the order of its channels; with `ts` it tells duplicates. Two
 * streams of 32 bits that share nothing but their input are summed over the channels.
 * @returns an integer of 52 bits: two different sets of values at one `ts` meet with a chance of 2e-16
 */
export function valuesHash(shape: Shape, values: Float64Array): number {
  const names = shape.nameHashes
  let high = 0
  let low = 0
  for (let i = 0; i < names.length; i++) {
    float[0] = values[i]!
    const name = names[i]!
    const first = words[0]!
    const second = words[1]!
    high = (high + mix(Math.imul(mix(name ^ first), 0x9e3779b1) ^ second)) | 0
    low = (low + mix(Math.imul(mix(Math.imul(name, 0x01000193) ^ second), 0x85ebca77) ^ first)) | 0
  }
  return (high >>> 0) * 0x100000 + (low >>> 12)
}

/** Finalizer of MurmurHash3 (A. Appleby): every bit of the word reaches every bit of the result. */
function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
