/**
 * Which dead letters of a partition were sent again: a bit for each offset, in records of the `state` topic that are
 * committed together with what was sent. So a letter is sent once, however often and wherever a replay is started.
 */
import { failure } from './errors.ts'
import type { LogRecord } from './ports.ts'
import type { StateRecord } from './state.ts'

/** Offsets in one record of marks. */
export const MARKS_PER_RECORD = 32_768
const BYTES = MARKS_PER_RECORD / 8
/** First byte of a record; rises when the rest changes. */
const VERSION = 1
/** No group's state begins so: its keys are GROUP/PARTITION/…, and a group has a name. */
const PREFIX = '/replayed/'

export interface ReplayMarks {
  has(offset: number): boolean
  add(offset: number): void
  /**
   * The records that changed since they were read, and tombstones of those wholly before `start`.
   * @param start first retained offset of the dead letters
   */
  changes(start: number): readonly StateRecord[]
}

export interface MarksReader {
  /** Takes a record of the `state` topic; others than marks of this partition are passed over. */
  take(record: Pick<LogRecord, 'key' | 'value'>): void
  marks(): ReplayMarks
}

/** @param partition of the dead letters */
export function readMarks(partition: number): MarksReader {
  const prefix = `${PREFIX}${partition}/`
  const bits = new Map<number, Uint8Array>()
  return {
    take({ key, value }) {
      if (!key?.startsWith(prefix)) return
      const place = Number(key.slice(prefix.length))
      if (value === null) bits.delete(place)
      else bits.set(place, checked(value, key))
    },
    marks: () => marksOf(prefix, bits),
  }
}

function marksOf(prefix: string, bits: Map<number, Uint8Array>): ReplayMarks {
  const changed = new Set<number>()
  const placeOf = (offset: number) => Math.floor(offset / MARKS_PER_RECORD)
  return {
    has(offset) {
      const at = offset % MARKS_PER_RECORD
      const byte = bits.get(placeOf(offset))?.[1 + (at >> 3)] ?? 0
      return (byte & (1 << (at & 7))) !== 0
    },
    add(offset) {
      const place = placeOf(offset)
      const at = offset % MARKS_PER_RECORD
      let bytes = bits.get(place)
      if (bytes === undefined) {
        bytes = new Uint8Array(1 + BYTES)
        bytes[0] = VERSION
        bits.set(place, bytes)
      }
      bytes[1 + (at >> 3)]! |= 1 << (at & 7)
      changed.add(place)
    },
    changes(start) {
      const records: StateRecord[] = []
      for (const [place, bytes] of bits) {
        const isGone = (place + 1) * MARKS_PER_RECORD <= start
        if (isGone) records.push({ key: `${prefix}${place}`, value: null })
        else if (changed.has(place)) records.push({ key: `${prefix}${place}`, value: bytes })
      }
      return records
    },
  }
}

/** A copy: what is read belongs to the log. */
function checked(value: Uint8Array, key: string): Uint8Array {
  if (value[0] === VERSION && value.length === 1 + BYTES) return value.slice()
  throw failure(
    'log-version',
    `the marks of replayed dead letters (${key}) have format ${value[0]}, this program reads format ${VERSION}; update Forewarn`,
  )
}
