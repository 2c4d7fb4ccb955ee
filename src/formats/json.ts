/**
 * The `json` payload format: bytes of a payload (one reading, or an array) → records for `readings`, or dead
 * letters with the reason (design 4.3). Used by ingest and by `POST /api/v1/readings`. It never throws: what
 * senders write is no fault of ours. A payload that is complete goes on byte for byte; only what had to be
 * filled in or normalised is written anew.
 */
import { isUtf8 } from 'node:buffer'
import { parse } from 'secure-json-parse'
import { type RejectedPayload, TRUNCATED_BYTES } from '../core/dead-letter.ts'
import { makeReadingDecoder } from '../core/decode.ts'
import { messageOf } from '../core/errors.ts'
import { wholeOf } from '../core/page.ts'
import { ASSET_ID } from '../core/records.ts'
import { isInSeconds } from '../core/time-unit.ts'
import { makeReadingCheck, type Origin } from './reading.ts'

export interface JsonLimits {
  readonly payloadBytes: number
  readonly arrayReadings: number
  readonly channelsPerAsset: number
}

/** Receives what a payload holds, in its order. */
export interface PayloadTaker {
  /**
   * @param value JSON of a reading with asset and integer ts
   * @param index its place, when the payload is an array
   */
  reading(asset: string, value: Uint8Array, index?: number): void
  letter(rejected: RejectedPayload): void
}

export interface JsonFormat {
  /**
   * @param payload the bytes, or the first ones of a payload that is too large
   * @param sizeBytes size of the whole payload
   */
  decode(payload: Uint8Array, origin: Origin, taker: PayloadTaker, sizeBytes?: number): void
}

/** Deepest nesting; readings need four levels. Deeper ones could exhaust the stack of who writes JSON anew. */
const LEVELS = 32
/** One in so many readings that were decoded the long way is shown to the quick decoder, to learn from. */
const LEARN_EVERY = 16

export function makeJsonFormat(limits: JsonLimits): JsonFormat {
  const check = makeReadingCheck(limits.channelsPerAsset)
  const quick = makeReadingDecoder(limits.channelsPerAsset)
  let slow = 0

  function one(value: unknown, payload: Uint8Array, origin: Origin, taker: PayloadTaker): void {
    const checked = check(value, origin)
    if ('reason' in checked) {
      taker.letter({ ...checked, key: keyOf(value, origin), value: payload })
    } else if (!checked.asGiven || hasMark(payload)) {
      taker.reading(checked.reading.asset, json(checked.reading))
    } else {
      const { asset } = checked.reading
      if (slow++ % LEARN_EVERY === 0) quick.decode(wholeOf(payload), asset)
      taker.reading(asset, payload)
    }
  }

  /** Each element stands for itself: a bad one doesn't spoil the others. */
  function many(values: readonly unknown[], origin: Origin, taker: PayloadTaker): void {
    for (const [index, value] of values.entries()) {
      const checked = check(value, origin)
      if ('reason' in checked) {
        taker.letter({ ...checked, key: keyOf(value, origin), value: json(value), index })
      } else taker.reading(checked.reading.asset, json(checked.reading), index)
    }
  }

  return {
    decode(payload, origin, taker, sizeBytes = payload.length) {
      const { asset } = origin
      if (sizeBytes <= limits.payloadBytes && asset !== null && quick.fits(wholeOf(payload), asset)) {
        const { receivedAt } = origin
        if (receivedAt === null || !isInSeconds(quick.fields.ts, receivedAt)) {
          taker.reading(asset, payload)
          return
        }
      }
      const given =
        sizeFault(payload, sizeBytes, limits.payloadBytes) ?? parsed(payload, limits.arrayReadings)
      if ('reason' in given) taker.letter({ value: payload, ...given, key: keyOf(null, origin) })
      else if (Array.isArray(given.json)) many(given.json, origin, taker)
      else one(given.json, payload, origin, taker)
    },
  }
}

type Fault = Pick<RejectedPayload, 'reason' | 'detail'>

function sizeFault(
  payload: Uint8Array,
  sizeBytes: number,
  most: number,
): Omit<RejectedPayload, 'key'> | null {
  if (sizeBytes <= most) return null
  const value = payload.subarray(0, TRUNCATED_BYTES)
  const detail = `payload of ${sizeBytes} bytes, at most ${most} are taken`
  return { reason: 'too-large', detail, value, ...(value.length < sizeBytes ? { truncated: true } : {}) }
}

/** @returns the parsed JSON, or why the payload as a whole is none that we take */
function parsed(payload: Uint8Array, arrayReadings: number): { json: unknown } | Fault {
  if (payload.length === 0) return { reason: 'not-json', detail: 'empty payload' }
  if (!isUtf8(payload)) return { reason: 'not-json', detail: 'payload is not UTF-8' }
  if (nesting(payload) > LEVELS) return { reason: 'schema', detail: `nested deeper than ${LEVELS} levels` }
  try {
    const json: unknown = parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString())
    return (Array.isArray(json) ? arrayFault(json, arrayReadings) : null) ?? { json }
  } catch (error) {
    const detail = messageOf(error)
    return { reason: detail.includes('forbidden prototype') ? 'schema' : 'not-json', detail }
  }
}

function arrayFault(values: readonly unknown[], most: number): Fault | null {
  if (values.length === 0) return { reason: 'schema', detail: 'expected readings, found an empty array' }
  if (values.length <= most) return null
  return { reason: 'too-large', detail: `array of ${values.length} readings, at most ${most} are taken` }
}

/** Depth of brackets outside of texts. */
function nesting(bytes: Uint8Array): number {
  let depth = 0
  let deepest = 0
  let inText = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (inText) {
      if (byte === 0x5c) i++
      else if (byte === 0x22) inText = false
    } else if (byte === 0x22) inText = true
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > deepest) deepest = depth
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
  return deepest
}

/** A byte order mark is forgiven, but not handed on: JSON has none. */
function hasMark(payload: Uint8Array): boolean {
  return payload[0] === 0xef
}

/** The asset that a rejected payload is about, as far as that can be told. */
function keyOf(value: unknown, origin: Origin): string | null {
  const given = typeof value === 'object' && value !== null && 'asset' in value ? value.asset : undefined
  for (const asset of [given, origin.asset]) {
    if (typeof asset === 'string' && ASSET_ID.test(asset)) return asset
  }
  return null
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value))
}
