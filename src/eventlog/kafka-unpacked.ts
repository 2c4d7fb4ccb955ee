/**
 * What an LZ4 or Snappy block unfolds into: literals are copied in, matches repeat what was written before. Both
 * formats are little code, and the packages for them need a native build or don't check their input. Pure.
 */

export interface Unpacked {
  bytes: Buffer
  length: number
  readonly mostBytes: number
}

/** @param firstBytes room to begin with; @param mostBytes largest content, more is a RangeError */
export function createUnpacked(firstBytes: number, mostBytes: number): Unpacked {
  return { bytes: Buffer.allocUnsafe(Math.min(firstBytes, mostBytes)), length: 0, mostBytes }
}

export function contentOf({ bytes, length }: Unpacked): Buffer {
  return bytes.subarray(0, length)
}

/** Copies `length` bytes of `from`, from `at` on. */
export function copyIn(output: Unpacked, from: Buffer, at: number, length: number): void {
  if (at + length > from.length) throw new RangeError('compressed bytes are cut off')
  makeRoom(output, length)
  from.copy(output.bytes, output.length, at, at + length)
  output.length += length
}

/** Copies what was written `distance` bytes ago; source and target may overlap, so that a pattern repeats. */
export function repeat(output: Unpacked, distance: number, length: number): void {
  const { length: to } = output
  if (distance === 0 || distance > to) throw new RangeError('compressed bytes refer to what is before them')
  makeRoom(output, length)
  const { bytes } = output
  if (distance >= length) bytes.copyWithin(to, to - distance, to - distance + length)
  else for (let i = 0; i < length; i++) bytes[to + i] = bytes[to + i - distance]!
  output.length += length
}

function makeRoom(output: Unpacked, more: number): void {
  const needed = output.length + more
  if (needed > output.mostBytes) throw new RangeError(`the content is larger than ${output.mostBytes} bytes`)
  if (needed <= output.bytes.length) return
  const grown = Buffer.allocUnsafe(Math.min(output.mostBytes, Math.max(needed, output.bytes.length * 2)))
  output.bytes.copy(grown, 0, 0, output.length)
  output.bytes = grown
}
