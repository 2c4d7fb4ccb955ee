/**
 * Keys of records as texts: those that come again and again (assets) are one and the same string each. Making a string of
 * every record's key, and finding its asset by one that was never seen before, took a seventh of the engine's time.
 */

/** Texts that are kept: what falls on a place takes it over, so memory is bounded and nothing is ever searched. */
const PLACES = 1 << 16
/** Longest text that is kept; asset ids have up to 128 letters, most of them far fewer. */
const LONGEST = 64

const kept = new Array<string>(PLACES).fill('')

/**
 * @param bytes UTF-8 from `start` to `end`
 * @returns the text; the same string as before where it is plain ASCII and was met lately
 */
export function keyText(bytes: Buffer, start: number, end: number): string {
  const length = end - start
  if (length > LONGEST) return bytes.toString('utf8', start, end)
  // FNV-1a; `seen` tells whether all of it is ASCII.
  let hash = 0x811c9dc5
  let seen = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    seen |= byte
    hash = Math.imul(hash ^ byte, 0x01000193)
  }
  if (seen >= 0x80) return bytes.toString('utf8', start, end)
  const place = (hash ^ (hash >>> 16)) & (PLACES - 1)
  const known = kept[place]!
  if (known.length === length && isSame(known, bytes, start)) return known
  const text = bytes.toString('latin1', start, end)
  kept[place] = text
  return text
}

function isSame(text: string, bytes: Buffer, start: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false
  return true
}
