/**
 * Which partition a key belongs to: Kafka's default partitioner, so that both adapters place a key alike and
 * a log can move to Kafka. Pure. Used by every append that names no partition.
 */

const SEED = 0x9747b28c
const M = 0x5bd1e995
const R = 24

/**
 * Kafka's `Utils.murmur2`.
 * @param bytes the key's bytes
 * @returns a signed 32-bit hash
 */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length
  let hash = SEED ^ length
  let at = 0
  for (; at + 4 <= length; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    hash = mixWord(hash, word)
  }
  return finish(hash, length & 3, bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0)
}

/**
 * Partition of a key: `(murmur2(UTF-8 key) & 0x7fffffff) % partitions`.
 * @param key text; hashed straight from its characters when it is ASCII, as asset ids are
 * @param partitions count of partitions, at least 1
 */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2OfText(key) & 0x7fffffff) % partitions
}

const utf8 = new TextEncoder()

function murmur2OfText(key: string): number {
  const length = key.length
  let hash = SEED ^ length
  let seen = 0
  let at = 0
  for (; at + 4 <= length; at += 4) {
    const a = key.charCodeAt(at)
    const b = key.charCodeAt(at + 1)
    const c = key.charCodeAt(at + 2)
    const d = key.charCodeAt(at + 3)
    seen |= a | b | c | d
    hash = mixWord(hash, a | (b << 8) | (c << 16) | (d << 24))
  }
  const rest = length & 3
  const a = rest > 0 ? key.charCodeAt(at) : 0
  const b = rest > 1 ? key.charCodeAt(at + 1) : 0
  const c = rest > 2 ? key.charCodeAt(at + 2) : 0
  if ((seen | a | b | c) > 0x7f) return murmur2(utf8.encode(key))
  return finish(hash, rest, a, b, c)
}

function mixWord(hash: number, word: number): number {
  let k = Math.imul(word, M)
  k ^= k >>> R
  return Math.imul(hash, M) ^ Math.imul(k, M)
}

/** Takes in the last 0 to 3 bytes and avalanches. */
function finish(hash: number, rest: number, a: number, b: number, c: number): number {
  let h = hash
  if (rest === 3) h ^= c << 16
  if (rest >= 2) h ^= b << 8
  if (rest >= 1) h = Math.imul(h ^ a, M)
  h ^= h >>> 13
  h = Math.imul(h, M)
  return h ^ (h >>> 15)
}
