/**
 * Reads Snappy (github.com/google/snappy, format_description.txt), bare or in the stream of blocks that Java
 * programs write. Pure.
 */
import { contentOf, copyIn, createUnpacked, repeat, type Unpacked } from './kafka-unpacked.ts'

/** What Java's streams begin with, before version and lowest version (4 bytes each). */
const STREAM_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const STREAM_HEAD_BYTES = 16
/** Lengths from here on stand in 1 to 4 bytes behind the tag. */
const LONG_LITERAL = 60
/** Room for the content to begin with: what a block claims of itself may be wrong. */
const FIRST_BYTES = 64 * 1024

/**
 * @param mostBytes largest content
 * @throws RangeError when the bytes are damaged or their content larger
 */
export function decompressSnappy(bytes: Buffer, mostBytes: number): Buffer {
  const output = createUnpacked(FIRST_BYTES, mostBytes)
  if (!bytes.subarray(0, STREAM_MAGIC.length).equals(STREAM_MAGIC)) unpackBlock(bytes, output)
  else {
    for (let at = STREAM_HEAD_BYTES; at < bytes.length; ) {
      const end = at + 4 + bytes.readInt32BE(at)
      if (end > bytes.length || end < at + 4) throw new RangeError('a Snappy block is cut off')
      unpackBlock(bytes.subarray(at + 4, end), output)
      at = end
    }
  }
  return contentOf(output)
}

function unpackBlock(block: Buffer, output: Unpacked): void {
  const start = output.length
  let at = 0
  let claimed = 0
  for (let factor = 1, more = true; more; factor *= 128) {
    const byte = block.readUInt8(at++)
    claimed += (byte & 0x7f) * factor
    more = byte >= 0x80
  }
  while (at < block.length) {
    const tag = block[at++]!
    const kind = tag & 3
    const high = tag >> 2
    if (kind === 0) {
      const more = Math.max(0, high + 1 - LONG_LITERAL)
      const length = (more === 0 ? high : block.readUIntLE(at, more)) + 1
      copyIn(output, block, at + more, length)
      at += more + length
    } else if (kind === 1) {
      repeat(output, ((tag >> 5) << 8) | block.readUInt8(at++), (high & 7) + 4)
    } else {
      const width = kind === 2 ? 2 : 4
      repeat(output, block.readUIntLE(at, width), high + 1)
      at += width
    }
  }
  if (output.length - start !== claimed)
    throw new RangeError('a Snappy block has another length than it says')
}
