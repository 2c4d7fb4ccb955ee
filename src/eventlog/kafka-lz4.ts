/** Reads LZ4 frames (github.com/lz4/lz4, doc/lz4_Frame_format.md), which other producers write. Pure. */
import { contentOf, copyIn, createUnpacked, repeat, type Unpacked } from './kafka-unpacked.ts'

const MAGIC = 0x184d2204
const HEAD_BYTES = 7
const VERSION_MASK = 0xc0
const VERSION = 0x40
const FLAG_BLOCK_CHECKSUM = 0x10
const FLAG_CONTENT_SIZE = 0x08
const FLAG_DICTIONARY = 0x01
const BLOCK_STORED = 0x80000000
const BLOCK_SIZE = 0x7fffffff
const SHORTEST_MATCH = 4
/** Checksums are passed over: the batch around the frame has its own. */
const CHECKSUM_BYTES = 4

/**
 * @param frame one frame
 * @param mostBytes largest content
 * @throws RangeError when the frame is damaged or its content larger
 */
export function decompressLz4(frame: Buffer, mostBytes: number): Buffer {
  if (frame.length < HEAD_BYTES || frame.readUInt32LE(0) !== MAGIC) throw new RangeError('no LZ4 frame')
  const flags = frame[4]!
  if ((flags & VERSION_MASK) !== VERSION || flags & FLAG_DICTIONARY) {
    throw new RangeError('an LZ4 frame of a kind that Kafka does not write')
  }
  const output = createUnpacked(frame.length * 4, mostBytes)
  let at = HEAD_BYTES + (flags & FLAG_CONTENT_SIZE ? 8 : 0)
  for (;;) {
    const head = frame.readUInt32LE(at)
    at += 4
    if (head === 0) return contentOf(output)
    const end = at + (head & BLOCK_SIZE)
    if (end > frame.length) throw new RangeError('an LZ4 block is cut off')
    // Blocks may refer to what earlier blocks wrote, so all write into one output.
    if (head & BLOCK_STORED) copyIn(output, frame, at, end - at)
    else unpackBlock(frame.subarray(at, end), output)
    at = end + (flags & FLAG_BLOCK_CHECKSUM ? CHECKSUM_BYTES : 0)
  }
}

function unpackBlock(block: Buffer, output: Unpacked): void {
  let at = 0
  const lengthFrom = (nibble: number): number => {
    if (nibble < 15) return nibble
    let length = nibble
    for (;;) {
      const more = block[at++]
      if (more === undefined) throw new RangeError('an LZ4 length is cut off')
      length += more
      if (more < 255) return length
    }
  }
  while (at < block.length) {
    const token = block[at++]!
    const literals = lengthFrom(token >> 4)
    copyIn(output, block, at, literals)
    at += literals
    if (at === block.length) return
    const distance = block.readUInt16LE(at)
    at += 2
    repeat(output, distance, lengthFrom(token & 15) + SHORTEST_MATCH)
  }
}
