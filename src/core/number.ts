/**
 * Numbers straight from the bytes of a JSON text, mostly without a string in between. Only what is exact is done
 * by hand: up to 15 digits and a power of ten up to 1e22 divide to the nearest double (W. D. Clinger, "How to
 * Read Floating Point Numbers Accurately", 1990); longer ones and exponents go through `Number`.
 */

const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))
const MOST_DIGITS = 15
const ZERO = 0x30
const NINE = 0x39

/** A number as JSON writes it (RFC 8259, section 6). */
const JSON_NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/
/** Longest text that is read as a number; a double needs 25 letters at most. */
const LONGEST = 64

/**
 * Reads a number as JSON writes it, or `null` as NaN. The value goes to a place and is not returned: a double that is
 * handed from function to function is an object for the garbage collector each time.
 * @param bytes JSON text
 * @param at where the number begins
 * @param out receives the value at `slot`; undefined when it is not such a number
 * @returns the index behind the number, -1 when it is none that can be read here
 */
export function readNumber(bytes: Uint8Array, at: number, out: Float64Array, slot: number): number {
  let i = at
  const negative = bytes[i] === 0x2d
  if (negative) i++
  const first = bytes[i]!
  if (!(first >= ZERO && first <= NINE)) return readNull(bytes, at, out, slot)
  let mantissa = first - ZERO
  let digits = 1
  let byte = bytes[++i]!
  if (first !== ZERO) {
    while (byte >= ZERO && byte <= NINE) {
      mantissa = mantissa * 10 + byte - ZERO
      digits++
      byte = bytes[++i]!
    }
  }
  let fraction = 0
  if (byte === 0x2e) {
    byte = bytes[++i]!
    const from = i
    while (byte >= ZERO && byte <= NINE) {
      mantissa = mantissa * 10 + byte - ZERO
      byte = bytes[++i]!
    }
    fraction = i - from
    if (fraction === 0) return -1
    digits += fraction
  }
  if (byte === 0x65 || byte === 0x45 || (byte >= ZERO && byte <= NINE) || digits > MOST_DIGITS) {
    return readLong(bytes, at, out, slot)
  }
  const value = fraction === 0 ? mantissa : mantissa / POWERS[fraction]!
  out[slot] = negative ? -value : value
  return i
}

function readNull(bytes: Uint8Array, at: number, out: Float64Array, slot: number): number {
  const isNull =
    bytes[at] === 0x6e && bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c
  if (!isNull) return -1
  out[slot] = Number.NaN
  return at + 4
}

/** An exponent, or more digits than fit: as text. What is finite only (1e999 is not) counts as read. */
function readLong(bytes: Uint8Array, at: number, out: Float64Array, slot: number): number {
  let text = ''
  for (let i = at; i < at + LONGEST && isNumberByte(bytes[i]); i++) text += String.fromCharCode(bytes[i]!)
  const value = JSON_NUMBER.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(value) || isNumberByte(bytes[at + text.length])) return -1
  out[slot] = value
  return at + text.length
}

/** Digits, sign, point, exponent. */
function isNumberByte(byte: number | undefined): boolean {
  return (
    byte !== undefined &&
    ((byte >= ZERO && byte <= NINE) ||
      byte === 0x2d ||
      byte === 0x2e ||
      byte === 0x65 ||
      byte === 0x45 ||
      byte === 0x2b)
  )
}
