/**
 * Bytes of a connection that wait for the rest of their packet. Pieces are joined once, when the packet is
 * whole, so that a sender who drips bytes costs no more than others.
 */

export interface Pieces {
  push(piece: Buffer): void
  /** Nothing is to be joined before this many bytes are there. */
  need(bytes: number): void
  /** True when there is something to look at. */
  whole(): boolean
  /** Takes all out, as one. */
  join(): Buffer
}

/** Smaller pieces are copied: they would keep a chunk of the socket's alive for a few bytes. */
const COPY_BELOW_BYTES = 4096

export function makePieces(): Pieces {
  let pieces: Buffer[] = []
  let held = 0
  let needed = 0
  return {
    push(piece) {
      if (piece.length === 0) return
      const small = piece.length < COPY_BELOW_BYTES && piece.buffer.byteLength > piece.length
      pieces.push(small ? Buffer.from(piece) : piece)
      held += piece.length
    },
    need(bytes) {
      needed = bytes
    },
    whole: () => held > 0 && held >= needed,
    join() {
      const joined = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, held)
      pieces = []
      held = 0
      needed = 0
      return joined
    },
  }
}
