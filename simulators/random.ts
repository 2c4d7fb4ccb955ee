/**
 * Seeded random numbers for simulators and training. The first stone of every run that must repeat: the same
 * seed and scope give the same numbers on every machine, and streams of different scopes do not disturb each
 * other (a machine's numbers do not depend on how many machines there are).
 *
 * Generator: xoshiro128**, D. Blackman & S. Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM
 * Trans. Math. Softw. 47(4), 2021; its state is filled by SplitMix32 from an FNV-1a hash of seed and scope.
 */

export interface Random {
  /** 32 random bits as an unsigned integer. */
  bits(): number
  /** In [0, 1). */
  uniform(): number
  /** In [low, high). */
  between(low: number, high: number): number
  /** Integer in [0, count). */
  below(count: number): number
  /** Standard normal. */
  normal(): number
  /** Exponential with this mean: time to the next event of a Poisson process. */
  exponential(mean: number): number
  /** In [low, high), evenly spread over the orders of magnitude. */
  logUniform(low: number, high: number): number
  /** exp of a normal: around 1, with a spread of about `sigma`. */
  logNormal(sigma: number): number
}

/**
 * @param seed any number
 * @param scope names that tell this stream from others of the same seed
 */
export function createRandom(seed: number, ...scope: readonly (string | number)[]): Random {
  const bits = xoshiro128(hashOf([seed, ...scope].join('/')))
  const uniform = () => (bits() >>> 0) / 0x1_0000_0000
  const between = (low: number, high: number) => low + (high - low) * uniform()
  const normal = polarNormal(uniform)
  return {
    bits,
    uniform,
    between,
    below: (count) => Math.floor(uniform() * count),
    normal,
    exponential: (mean) => -mean * Math.log(1 - uniform()),
    logUniform: (low, high) => Math.exp(between(Math.log(low), Math.log(high))),
    logNormal: (sigma) => Math.exp(sigma * normal()),
  }
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

function xoshiro128(seed: number): () => number {
  let fill = seed
  const splitMix = () => {
    fill = (fill + 0x9e3779b9) | 0
    let mixed = Math.imul(fill ^ (fill >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return mixed ^ (mixed >>> 16)
  }
  let a = splitMix()
  let b = splitMix()
  let c = splitMix()
  let d = splitMix()
  return () => {
    const scrambled = Math.imul(rotate(Math.imul(b, 5), 7), 9)
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotate(d, 11)
    return scrambled >>> 0
  }
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by))
}

/** Marsaglia's polar method: needs no sine or cosine, whose last bits differ between builds of V8. */
function polarNormal(uniform: () => number): () => number {
  let spare = Number.NaN
  return () => {
    if (!Number.isNaN(spare)) {
      const kept = spare
      spare = Number.NaN
      return kept
    }
    let x: number
    let y: number
    let square: number
    do {
      x = 2 * uniform() - 1
      y = 2 * uniform() - 1
      square = x * x + y * y
    } while (square >= 1 || square === 0)
    const scale = Math.sqrt((-2 * Math.log(square)) / square)
    spare = y * scale
    return x * scale
  }
}
