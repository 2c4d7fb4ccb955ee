/**
 * A PUBLISH that is larger than any payload we take: its first bytes are kept for the dead letter, the rest
 * is let by. Closing the connection instead would make a QoS 1 client send it again for ever.
 */

export interface Oversize {
  /** First byte of the packet. */
  readonly first: number
  readonly bodyBytes: number
  /** @returns the bytes behind the packet, null while it goes on */
  feed(chunk: Buffer): Buffer | null
  /** The body's first bytes. */
  begin(): Buffer
}

/** @param keepBytes bytes of the body that are kept */
export function makeOversize(first: number, bodyBytes: number, keepBytes: number): Oversize {
  const kept: Buffer[] = []
  let room = Math.min(keepBytes, bodyBytes)
  let rest = bodyBytes
  return {
    first,
    bodyBytes,
    feed(chunk) {
      const taken = chunk.subarray(0, rest)
      if (room > 0) kept.push(taken.subarray(0, room))
      room -= Math.min(room, taken.length)
      rest -= taken.length
      return rest > 0 ? null : chunk.subarray(taken.length)
    },
    begin: () => Buffer.concat(kept),
  }
}
