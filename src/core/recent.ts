/**
 * The readings of an asset that a redelivery could repeat: a ring of (ts, hash of values).
 * Most readings are newer than all before them and need no look-up; see `asset.ts`.
 */

export interface Recent {
  /** Pairs of ts and hash. */
  ring: Float64Array
  head: number
  length: number
}

const FIRST_CAPACITY = 8

export function makeRecent(): Recent {
  return { ring: new Float64Array(0), head: 0, length: 0 }
}

/** True when a reading with this time and these values is remembered. */
export function isRemembered(recent: Recent, ts: number, hash: number): boolean {
  const { ring, head, length } = recent
  const capacity = ring.length >> 1
  for (let i = length - 1; i >= 0; i--) {
    const at = ((head + i) % capacity) << 1
    if (ring[at] === ts && ring[at + 1] === hash) return true
  }
  return false
}

/**
 * Remembers a reading; beyond `limit` the oldest is forgotten.
 * @param horizonTs what is older can only be late, so it is forgotten first
 */
export function remember(recent: Recent, ts: number, hash: number, horizonTs: number, limit: number): void {
  let capacity = recent.ring.length >> 1
  while (recent.length > 0 && recent.ring[recent.head << 1]! < horizonTs) {
    recent.head = (recent.head + 1) % capacity
    recent.length--
  }
  if (recent.length === capacity && capacity < limit) {
    grow(recent, Math.min(limit, Math.max(FIRST_CAPACITY, capacity * 2)))
    capacity = recent.ring.length >> 1
  }
  if (recent.length === capacity) {
    recent.head = (recent.head + 1) % capacity
    recent.length--
  }
  const at = ((recent.head + recent.length) % capacity) << 1
  recent.ring[at] = ts
  recent.ring[at + 1] = hash
  recent.length++
}

/** Writes the remembered pairs, oldest first, as the state keeps them. */
export function copyPairs({ ring, head, length }: Recent, out: Float64Array, from: number): void {
  const capacity = ring.length >> 1
  for (let i = 0; i < length; i++) {
    const at = ((head + i) % capacity) << 1
    out[from + i * 2] = ring[at]!
    out[from + i * 2 + 1] = ring[at + 1]!
  }
}

/** @param pairs as `copyPairs` wrote them; they become the ring */
export function recentFrom(pairs: Float64Array): Recent {
  return { ring: pairs, head: 0, length: pairs.length >> 1 }
}

function grow(recent: Recent, capacity: number): void {
  const ring = new Float64Array(capacity * 2)
  copyPairs(recent, ring, 0)
  recent.ring = ring
  recent.head = 0
}
