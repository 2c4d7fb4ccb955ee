/**
 * What stands on a topic against what should: lost, doubled, different. Pure, so that a test can show on a log with
 * one record taken out or put in twice that each is found.
 */
import { isUtf8 } from 'node:buffer'
import type { LogRecord, NewRecord } from '../core/ports.ts'

/** A record as far as it is compared: neither offset nor time of the log. */
export type Comparable = Pick<NewRecord, 'key' | 'value' | 'headers'>

export interface Difference {
  /** Should be there, and is not. */
  readonly lost: number
  /** There more often than it should. */
  readonly doubled: number
  /** There with other bytes, in another order, or where nothing should be. */
  readonly different: number
  /** Sentences on the first ones. */
  readonly findings: readonly string[]
}

/** Sentences per topic; the counts tell the rest. */
const MOST_FINDINGS = 5
/** Letters of a record that a sentence shows. */
const SHOWN_LETTERS = 300

const decoder = new TextDecoder()

/** Key, value and headers of a record as text. */
export function textOf({ key, value, headers = {} }: Comparable): string {
  const sorted = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1))
  return `${key} ${value && readable(value)} ${JSON.stringify(sorted)}`
}

/** Bytes that are no text, such as those of a state, must not look alike. */
function readable(value: Uint8Array): string {
  return isUtf8(value) ? decoder.decode(value) : Buffer.from(value).toString('base64')
}

/** The latest value of each key; a tombstone ends it. */
export function latestOf(records: readonly Comparable[]): Comparable[] {
  const latest = new Map<string | null, Comparable>()
  for (const record of records) {
    if (record.value === null) latest.delete(record.key)
    else latest.set(record.key, record)
  }
  return [...latest.values()]
}

interface Slot {
  readonly wanted: string[]
  readonly found: string[]
}

/**
 * @param name of the topic, for sentences
 * @param found the records that stand there, in order
 * @param wanted those that should, in order
 * @param identity what a record is about: two of the same are one record twice
 * @param isOrdered whether the order of different identities counts
 */
export function compare(
  name: string,
  found: readonly Comparable[],
  wanted: readonly Comparable[],
  identity: (record: Comparable) => string,
  isOrdered: boolean,
): Difference {
  const slots = new Map<string, Slot>()
  const slotOf = (id: string) => {
    const known = slots.get(id)
    if (known) return known
    const slot: Slot = { wanted: [], found: [] }
    slots.set(id, slot)
    return slot
  }
  for (const record of wanted) slotOf(identity(record)).wanted.push(textOf(record))
  for (const record of found) slotOf(identity(record)).found.push(textOf(record))
  const judged = [...slots].map(([id, slot]) => judge(`${name}: ${id}`, slot))
  const sum = total(judged)
  if (!isOrdered || sum.lost + sum.doubled + sum.different > 0) return sum
  return orderOf(name, found.map(identity), wanted.map(identity))
}

function judge(what: string, { wanted, found }: Slot): Difference {
  const shown = (texts: readonly string[]) => (texts[0] ?? '').slice(0, SHOWN_LETTERS)
  if (wanted.length === 0) {
    const finding = `${what} should not be there: ${shown(found)}`
    return { lost: 0, doubled: 0, different: found.length, findings: [finding] }
  }
  if (found.length < wanted.length) {
    const lost = wanted.length - found.length
    const finding = `${what} is lost (${found.length} of ${wanted.length}): ${shown(wanted)}`
    return { lost, doubled: 0, different: 0, findings: [finding] }
  }
  if (found.length > wanted.length) {
    const doubled = found.length - wanted.length
    const finding = `${what} stands ${found.length} times, should ${wanted.length}: ${shown(found)}`
    return { lost: 0, doubled, different: 0, findings: [finding] }
  }
  const at = found.findIndex((text, i) => text !== wanted[i])
  if (at < 0) return NONE
  const different = found.filter((text, i) => text !== wanted[i]).length
  const finding = `${what} is ${shown(found.slice(at))}, should be ${shown(wanted.slice(at))}`
  return { lost: 0, doubled: 0, different, findings: [finding] }
}

function orderOf(name: string, found: readonly string[], wanted: readonly string[]): Difference {
  const at = found.findIndex((id, i) => id !== wanted[i])
  if (at < 0) return NONE
  const different = found.filter((id, i) => id !== wanted[i]).length
  const finding = `${name}: out of order from place ${at}: ${found[at]} instead of ${wanted[at]}`
  return { lost: 0, doubled: 0, different, findings: [finding] }
}

export const NONE: Difference = { lost: 0, doubled: 0, different: 0, findings: [] }

/** All differences as one. */
export function total(differences: Iterable<Difference>): Difference {
  let lost = 0
  let doubled = 0
  let different = 0
  const findings: string[] = []
  for (const difference of differences) {
    lost += difference.lost
    doubled += difference.doubled
    different += difference.different
    for (const finding of difference.findings) {
      if (findings.length < MOST_FINDINGS) findings.push(finding)
    }
  }
  return { lost, doubled, different, findings }
}

/** What a record of each compared topic is about. */
export const IDENTITY = {
  scores: (record: Comparable) => {
    const { asset, pipeline, windowStart } = jsonOf(record)
    return `${asset} ${pipeline} ${windowStart}`
  },
  alerts: (record: Comparable) => String(jsonOf(record).id),
  'dead-letters': ({ headers = {} }: Comparable) =>
    `${headers['source-partition']}/${headers['source-offset']} ${headers.reason}`,
  key: ({ key }: Comparable) => String(key),
} as const

function jsonOf({ value }: Comparable): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(decoder.decode(value ?? new Uint8Array(0)))
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>
  } catch {
    // Damaged bytes have no identity of their own: they show as what should not be there.
    return {}
  }
  return {}
}

/** Letters of the engine: what it made of records of `readings`; the others are ingest's. */
export function isOfEngine({ headers }: Pick<LogRecord, 'headers'>): boolean {
  return headers.source === 'kafka'
}
