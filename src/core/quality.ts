/**
 * What senders say of the quality of a value (`quality` of a reading, design 4.3). A value that is said to be bad counts
 * as not measured: it neither scores nor teaches. Uncertain values are measured, as OPC UA has it; so is whatever is
 * said in words that are not known here.
 */

/** By channel: a word, or a code of OPC or Sparkplug. */
export type Quality = Readonly<Record<string, string | number>>

/** OPC UA's `Bad`, `BadSensorFailure`, `Bad_NoCommunication`; IEC 61850's `invalid`; and what gateways write. */
const BAD_WORD = /^\s*(bad|invalid|stale|error|fault|fail|missing|offline)/i
const CODE = /^\s*\d{1,10}\s*$/

/** Sparkplug B: the value is an old one. */
const STALE = 500
/** Two highest bits of an OPC DA quality (8 bits): 00 is bad. */
const DA_STATUS = 0xc0
const DA_MOST = 0xff
/** A plain flag: 1 = good, 0 = bad. OPC DA's 1 would be a value that is bad and held at its low limit. */
const FLAG = 1
/** Codes above 16 bits are OPC UA's, whose two highest of 32 bits say: 10 is bad, 11 is not used. */
const UA_LEAST = 0x1_0000
const UA_BAD = 2

export function isBadQuality(quality: string | number): boolean {
  if (typeof quality === 'number') return isBadCode(quality)
  return CODE.test(quality) ? isBadCode(Number(quality)) : BAD_WORD.test(quality)
}

function isBadCode(code: number): boolean {
  if (!Number.isInteger(code)) return false
  if (code < 0 || code >= UA_LEAST) return code >>> 30 >= UA_BAD
  return code === STALE || (code <= DA_MOST && code !== FLAG && (code & DA_STATUS) === 0)
}

/**
 * Makes values of bad quality NaN = not measured.
 * @param names channels of the values, in their order
 * @returns how many values that were
 */
export function dropBad(quality: Quality, names: readonly string[], values: Float64Array): number {
  let dropped = 0
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    if (Number.isNaN(values[i]!) || !Object.hasOwn(quality, name) || !isBadQuality(quality[name]!)) continue
    values[i] = Number.NaN
    dropped++
  }
  return dropped
}
