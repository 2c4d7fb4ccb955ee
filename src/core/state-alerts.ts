/**
 * Alerts as they were committed. A state may be older than the position, and the log between is read again: under the same
 * config that moves the same alerts, under another one it need not. What was published is the truth then: alerts that moved
 * since the snapshot are kept beside it, and once the log has been read again each slot is set to what was committed.
 */
import { Packr } from 'msgpackr'
import type { AlertChange, AlertSlot } from './alert.ts'
import { type Partition, ruleNames } from './partition.ts'
import type { Alert } from './records.ts'
import { INGEST, NO_DATA } from './silence.ts'

/** An alert that moved since a snapshot, as it stands. */
export interface MovedAlert {
  readonly asset: string
  readonly pipeline: string
  readonly rule: string
  readonly open: Alert | null
  readonly transitions: number
  readonly raisedAt: number
  /** Offset of the snapshot: another one knows better. */
  readonly since: number
}

/** What was committed of the slots of all assets, by `slotKey`. */
export type CommittedAlerts = Map<string, AlertSlot>

const packr = new Packr({ moreTypes: true, useRecords: false, largeBigIntToFloat: true })
const PREFIX = 'moved/'

/** Of the slot that tells when nobody speaks; under which pipeline it does may change. */
export const INGEST_SLOT = slotKey(INGEST, '', NO_DATA)

export function slotKey(asset: string, pipeline: string, rule: string): string {
  return `${asset}/${pipeline}/${rule}`
}

function keyOf({ asset, pipeline, rule }: Pick<MovedAlert, 'asset' | 'pipeline' | 'rule'>): string {
  return asset === INGEST && rule === NO_DATA ? INGEST_SLOT : slotKey(asset, pipeline, rule)
}

/** @returns the key of its record in the state, and the value */
export function storeMoved({ alert, event }: AlertChange, since: number): [key: string, value: Uint8Array] {
  const { asset, pipeline, rule, raisedAt } = alert
  const transitions = Number(event.id.slice(alert.alert.length + 1))
  const open = alert.state === 'closed' ? null : alert
  const moved: MovedAlert = { asset, pipeline, rule, open, transitions, raisedAt, since }
  return [PREFIX + keyOf(alert), packr.pack(moved)]
}

export function isMovedKey(key: string): boolean {
  return key.startsWith(PREFIX)
}

/** Those that moved since a snapshot, by `slotKey`. */
export function movedSince(
  records: ReadonlyMap<string, Uint8Array>,
  snapshotOffset: number,
): Map<string, MovedAlert> {
  const found = new Map<string, MovedAlert>()
  for (const [key, bytes] of records) {
    if (!isMovedKey(key)) continue
    const moved = packr.unpack(bytes) as MovedAlert
    if (moved.since === snapshotOffset) found.set(keyOf(moved), moved)
  }
  return found
}

export function movedSlot({ open, transitions, raisedAt }: MovedAlert): AlertSlot {
  return { open, transitions, raisedAt, run: 0, since: 0 }
}

/**
 * Sets the slots to what was committed, after the log has been read again.
 * @returns slots of open alerts that no asset or rule of the partition knows any more
 */
export function restoreCommitted(partition: Partition, committed: CommittedAlerts): AlertSlot[] {
  const left = new Map(committed)
  const take = (key: string) => {
    const slot = left.get(key) ?? null
    left.delete(key)
    return slot
  }
  for (const states of partition.assets.values()) {
    for (const state of states) {
      const rules = partition.pipelines[state.pipeline]!
      for (const [i, rule] of ruleNames(rules).entries()) {
        const changed = correct(state.alerts[i]!, take(slotKey(state.asset, rules.name, rule)))
        if (changed && rule === NO_DATA) state.silent = state.alerts[i]!.open !== null
      }
    }
  }
  const { hearing } = partition
  if (correct(hearing.slot, take(INGEST_SLOT))) hearing.down = hearing.slot.open !== null
  return [...left.values()].filter(({ open }) => open !== null)
}

/** @returns true when it was not as it was committed */
function correct(slot: AlertSlot, committed: AlertSlot | null): boolean {
  const open = committed?.open ?? null
  if (slot.open?.alert === open?.alert && (open === null || slot.transitions === committed?.transitions)) {
    return false
  }
  slot.open = open
  slot.run = 0
  slot.transitions = committed?.transitions ?? 0
  slot.raisedAt = committed?.raisedAt ?? Number.NEGATIVE_INFINITY
  return true
}
