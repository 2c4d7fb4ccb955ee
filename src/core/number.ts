/**
 * Numbers straight from the bytes of a JSON text, without a string in between. Only what is exact is done
 * here: up to 15 digits and a power of ten up to 1e22 divide to the nearest double (W. D. Clinger, "How to
 * Read Floating Point Numbers Accurately", 1990); everything else is left to `JSON.parse`.
 */

const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))
const MOST_DIGITS = 15
const ZERO = 0x30
const NINE = 0x39

/** The cursor of the last number: where it ended, or -1 when it must be read another way. */
export const numberCursor = { end: -1 }

/**
 * Reads a number as JSON writes it, or `null` as NaN.
 * @param bytes JSON text
 * @param at where the number begins
 * @returns the value; `numberCursor.end` is the index behind it, -1 when it is not such a number
 */
export function readNumber(bytes: Uint8Array, at: number): number {
  numberCursor.end = -1
  let i = at
  const negative = bytes[i] === 0x2d
  if (negative) i++
  const first = bytes[i]!
  if (!(first >= ZERO && first <= NINE)) return readNull(bytes, at)
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
    if (fraction === 0) return Number.NaN
    digits += fraction
  }
  // An exponent, a second leading digit or too many digits: not ours.
  if (byte === 0x65 || byte === 0x45 || (byte >= ZERO && byte <= NINE) || digits > MOST_DIGITS)
    return Number.NaN
  numberCursor.end = i
  const value = fraction === 0 ? mantissa : mantissa / POWERS[fraction]!
  return negative ? -value : value
}

function readNull(bytes: Uint8Array, at: number): number {
  if (bytes[at] === 0x6e && bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c) {
    numberCursor.end = at + 4
  }
  return Number.NaN
}
