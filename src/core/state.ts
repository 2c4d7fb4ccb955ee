/**
 * A partition's state as records of the compacted `state` topic, and back (law 7). A snapshot is a head
 * (position, clock, counts, definitions) and chunks of many assets: one record per asset and commit would cost
 * more than the whole job. It may be older than the committed position; the log after it is read again.
 */
import type { AlertSlot } from './alert.ts'
import type { AssetState } from './asset.ts'
import { newAssetState, type Partition, ruleNames, tally } from './partition.ts'
import type { Hearing } from './silence.ts'
import {
  type CommittedAlerts,
  INGEST_SLOT,
  type MovedAlert,
  movedSince,
  movedSlot,
  slotKey,
} from './state-alerts.ts'
import { encodeChunks, pack, STATE_VERSION, storedAssets, unpack } from './state-chunks.ts'
import { loadAsset, loadSlot, type StoredAsset } from './stored-asset.ts'

export interface StateRecord {
  readonly key: string
  readonly value: Uint8Array | null
}

export interface Snapshot {
  readonly records: readonly StateRecord[]
  readonly chunks: number
}

interface Head {
  readonly version: number
  /** Position of the snapshot: every record before it is in the state. */
  readonly offset: number
  readonly tickTs: number | null
  readonly elapsedMs: number
  /** Since version 2. */
  readonly received?: Partition['received']
  readonly hearing?: Hearing
  /** Alerts that move after it are kept beside it (`state-alerts.ts`). */
  readonly keepsMoved?: true
  readonly chunks: number
  readonly tallies: readonly (readonly [string, number])[]
  readonly pipelines: readonly {
    readonly name: string
    readonly definition: string
    readonly readings: Partition['readings'][number]
    readonly closed: Partition['closed'][number]
  }[]
}

/** A pipeline that is not what it was when the state was written, and what became of what was known (law 7). */
export interface Changed {
  readonly pipeline: string
  /** `rules`: the definition is the same, alert rules are gone. */
  readonly what: 'definition' | 'rules' | 'removed'
  /** Assets whose state it concerns. */
  readonly assets: number
  /** Open windows that were discarded, since they were filled under the old definition. */
  readonly discardedWindows: number
  /** Open alerts that go on under a rule of the same name. */
  readonly keptAlerts: number
  /** Open alerts that end, since their rule or their pipeline is gone. */
  readonly endedAlerts: number
}

export interface Restored {
  /** Read the log again from here. */
  readonly offset: number
  /** Chunks of the snapshot. */
  readonly chunks: number
  readonly changed: readonly Changed[]
  /** Of the alerts that must end: nobody else knows them any more. */
  readonly endings: readonly AlertSlot[]
  /** Of all others: what was committed, at the position rather than at the snapshot; null: not known, an older program wrote. */
  readonly committed: CommittedAlerts | null
}

/**
 * @param offset position up to which records are in the state
 * @param definitions hash of each pipeline's definition
 * @param chunksBefore chunks of the snapshot before; what is no longer needed gets a tombstone
 */
export function encodeState(
  partition: Partition,
  offset: number,
  definitions: readonly string[],
  chunksBefore: number,
): Snapshot {
  const chunks = encodeChunks(partition)
  const head: Head = {
    version: STATE_VERSION,
    offset,
    tickTs: partition.tickTs,
    elapsedMs: partition.elapsedMs,
    received: partition.received,
    hearing: partition.hearing,
    keepsMoved: true,
    chunks: chunks.length,
    // Sorted: which came first depends on the batches, and equal states are equal bytes.
    tallies: [...partition.tallies].sort(([a], [b]) => (a < b ? -1 : 1)),
    pipelines: partition.pipelines.map(({ name }, i) => ({
      name,
      definition: definitions[i]!,
      readings: partition.readings[i]!,
      closed: partition.closed[i]!,
    })),
  }
  const records: StateRecord[] = chunks.map((value, i) => ({ key: `chunk/${i}`, value }))
  for (let i = chunks.length; i < chunksBefore; i++) records.push({ key: `chunk/${i}`, value: null })
  records.push({ key: 'head', value: pack(head) })
  return { records, chunks: chunks.length }
}

/**
 * Fills an empty partition from the records of a snapshot.
 * @param records latest value per key; used up
 * @throws failure 'log-version' when a newer program wrote them, or a part of them is missing
 * @returns null when there is no snapshot
 */
export function decodeState(
  partition: Partition,
  records: Map<string, Uint8Array>,
  definitions: readonly string[],
): Restored | null {
  const headBytes = records.get('head')
  if (!headBytes) return null
  const head = unpack<Head>(headBytes)
  partition.tickTs = head.tickTs
  partition.elapsedMs = head.elapsedMs
  Object.assign(partition.received, head.received)
  for (const [what, count] of head.tallies) partition.tallies.set(what, count)
  const changes = restorePipelines(partition, head, definitions)
  const moved = movedSince(records, head.offset)
  const committed: CommittedAlerts = new Map()
  const endings = restoreHearing(partition, head, moved, committed)
  for (const stored of storedAssets(records, head.chunks)) {
    const pipeline = partition.pipelines.findIndex(({ name }) => name === stored.pipeline)
    const isKept = pipeline >= 0 && partition.pipelines[pipeline]!.takes(stored.asset)
    const slots = committedSlots(stored, moved)
    const rules = isKept ? ruleNames(partition.pipelines[pipeline]!) : []
    const ended = slots.filter(({ rule, slot }) => slot.open !== null && !rules.includes(rule))
    note(changes, stored, slots.filter(({ slot }) => slot.open !== null).length, ended.length, isKept)
    endings.push(...ended.map(({ slot }) => slot))
    for (const { rule, slot } of slots) {
      if (rules.includes(rule)) committed.set(slotKey(stored.asset, stored.pipeline, rule), slot)
    }
    const isChanged = changes.get(stored.pipeline)?.what === 'definition'
    if (isKept) put(partition, loadAsset(partition, stored, pipeline, isChanged))
  }
  addMissingStates(partition)
  const changed = [...changes.values()].filter(({ what, assets }) => what === 'definition' || assets > 0)
  for (const { discardedWindows } of changed) tally(partition, 'window/discarded', discardedWindows)
  // Of assets that came after the snapshot: whether they are known will be seen when the log has been read again.
  for (const [key, alert] of moved) committed.set(key, movedSlot(alert))
  return {
    offset: head.offset,
    chunks: head.chunks,
    changed,
    endings,
    committed: head.keepsMoved ? committed : null,
  }
}

/** @returns the open alert that nobody speaks, when silence is an alert no more */
function restoreHearing(
  partition: Partition,
  { hearing, elapsedMs }: Head,
  moved: Map<string, MovedAlert>,
  committed: CommittedAlerts,
): AlertSlot[] {
  const { slot: fresh } = partition.hearing
  Object.assign(partition.hearing, hearing ?? { heardAtMs: elapsedMs })
  const slot = takeCommitted(INGEST_SLOT, hearing?.slot ?? fresh, moved)
  const isWatched = partition.pipelines.some(({ noData }) => noData)
  if (isWatched) committed.set(INGEST_SLOT, slot)
  else Object.assign(partition.hearing, { slot: fresh, down: false })
  return isWatched || slot.open === null ? [] : [slot]
}

/** A slot as it was committed: it may have moved since the snapshot. */
function takeCommitted(key: string, slot: AlertSlot, moved: Map<string, MovedAlert>): AlertSlot {
  const later = moved.get(key)
  moved.delete(key)
  return later === undefined ? { ...slot } : movedSlot(later)
}

function committedSlots(
  { asset, pipeline, alerts }: StoredAsset,
  moved: Map<string, MovedAlert>,
): { readonly rule: string; readonly slot: AlertSlot }[] {
  return alerts.map((stored) => ({
    rule: stored.rule,
    slot: takeCommitted(slotKey(asset, pipeline, stored.rule), loadSlot(stored), moved),
  }))
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/** Takes over the counts; the result tells of each pipeline how much of it is as it was. */
function restorePipelines(partition: Partition, head: Head, definitions: readonly string[]) {
  const changes = new Map<string, Writable<Changed>>()
  for (const { name, definition, readings, closed } of head.pipelines) {
    const i = partition.pipelines.findIndex((pipeline) => pipeline.name === name)
    const what = i < 0 ? 'removed' : definition === definitions[i] ? 'rules' : 'definition'
    changes.set(name, { pipeline: name, what, assets: 0, discardedWindows: 0, keptAlerts: 0, endedAlerts: 0 })
    if (i < 0) continue
    Object.assign(partition.readings[i]!, readings)
    Object.assign(partition.closed[i]!, closed)
  }
  return changes
}

/** Counts what becomes of an asset's state; of one that goes on as it was there is nothing to tell. */
function note(
  changes: ReadonlyMap<string, Writable<Changed>>,
  { pipeline, windows }: StoredAsset,
  open: number,
  ended: number,
  isKept: boolean,
): void {
  const change = changes.get(pipeline)
  if (!change || (change.what === 'rules' && ended === 0)) return
  change.assets++
  change.endedAlerts += ended
  change.keptAlerts += open - ended
  if (change.what === 'definition' || !isKept) change.discardedWindows += windows.length
}

/** Pipelines that were added, or take more assets than before, begin with those that are known already. */
function addMissingStates(partition: Partition): void {
  for (const [asset, states] of partition.assets) {
    const missing = partition.pipelines.flatMap((rules, i) =>
      rules.takes(asset) && !states.some(({ pipeline }) => pipeline === i) ? [i] : [],
    )
    for (const pipeline of missing) put(partition, newAssetState(partition, asset, pipeline))
  }
}

function put(partition: Partition, state: AssetState): void {
  const states = [...(partition.assets.get(state.asset) ?? []), state].sort((a, b) => a.pipeline - b.pipeline)
  partition.assets.set(state.asset, states)
}
