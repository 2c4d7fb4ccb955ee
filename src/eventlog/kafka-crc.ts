/**
 * CRC-32C (Castagnoli), the checksum of Kafka's record batches, eight bytes at a time: Node has CRC-32 only. Pure.
 */

const POLYNOMIAL = 0x82f63b78
const LANES = 8

/** `TABLES[k * 256 + b]`: checksum of byte b followed by k zero bytes. */
const TABLES = makeTables()

function makeTables(): Int32Array {
  const tables = new Int32Array(LANES * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    tables[byte] = crc
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256]!
    tables[at] = (before >>> 8) ^ tables[before & 0xff]!
  }
  return tables
}

/**
 * @param bytes what is checked, from `start` to its end
 * @returns unsigned 32-bit checksum
 */
export function crc32c(bytes: Buffer, start = 0): number {
  const end = bytes.length
  const bulk = end - ((end - start) % LANES)
  let crc = -1
  let at = start
  for (; at < bulk; at += LANES) {
    const low = bytes.readInt32LE(at) ^ crc
    const high = bytes.readInt32LE(at + 4)
    crc =
      TABLES[1792 + (low & 0xff)]! ^
      TABLES[1536 + ((low >>> 8) & 0xff)]! ^
      TABLES[1280 + ((low >>> 16) & 0xff)]! ^
      TABLES[1024 + (low >>> 24)]! ^
      TABLES[768 + (high & 0xff)]! ^
      TABLES[512 + ((high >>> 8) & 0xff)]! ^
      TABLES[256 + ((high >>> 16) & 0xff)]! ^
      TABLES[high >>> 24]!
  }
  for (; at < end; at++) crc = TABLES[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8)
  return (crc ^ -1) >>> 0
}
