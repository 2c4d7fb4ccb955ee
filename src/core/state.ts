/**
 * A partition's state as records of the compacted `state` topic, and back (law 7). A snapshot is a head
 * (position, clock, counts, definitions) and chunks of many assets: one record per asset and commit would cost
 * more than the whole job. It may be older than the committed position; the log after it is read again.
 */
import { Packr } from 'msgpackr'
import type { AlertSlot } from './alert.ts'
import type { AssetState, OpenWindow } from './asset.ts'
import { failure } from './errors.ts'
import { growLayout, type Layout } from './layout.ts'
import { newAssetState, type Partition } from './partition.ts'
import { recentFrom, recentPairs } from './recent.ts'
import { makeShape } from './shape.ts'
import type { WindowRule } from './window.ts'

/** Rises when the bytes change; older ones are still read. */
export const STATE_VERSION = 1
const CHUNK_ASSETS = 64

export interface StateRecord {
  readonly key: string
  readonly value: Uint8Array | null
}

interface Head {
  readonly version: number
  /** Position of the snapshot: every record before it is in the state. */
  readonly offset: number
  readonly tickTs: number | null
  readonly elapsedMs: number
  readonly chunks: number
  readonly tallies: readonly (readonly [string, number])[]
  readonly pipelines: readonly {
    readonly name: string
    readonly definition: string
    readonly readings: Partition['readings'][number]
    readonly closed: Partition['closed'][number]
  }[]
}

interface StoredAsset {
  readonly asset: string
  readonly pipeline: string
  readonly channels: readonly string[]
  readonly maxTs: number
  readonly watermark: number
  readonly heardAtMs: number
  readonly windows: readonly OpenWindow[]
  readonly recent: Float64Array
  readonly normal: Float64Array
  readonly alerts: readonly (AlertSlot & { readonly rule: string })[]
}

interface Chunk {
  readonly version: number
  readonly assets: readonly StoredAsset[]
}

/** A pipeline whose definition is not the one that wrote the state. */
export interface Changed {
  readonly pipeline: string
  readonly assets: number
  /** Open windows that were discarded, since they were filled under the old definition. */
  readonly discardedWindows: number
}

export interface Restored {
  /** Read the log again from here. */
  readonly offset: number
  readonly changed: readonly Changed[]
}

const packr = new Packr({ moreTypes: true, useRecords: false, largeBigIntToFloat: true })

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
): StateRecord[] {
  const stored = [...partition.assets.values()].flatMap((states) =>
    states.map((state) => store(partition, state)),
  )
  const chunks = Math.ceil(stored.length / CHUNK_ASSETS)
  const head: Head = {
    version: STATE_VERSION,
    offset,
    tickTs: partition.tickTs,
    elapsedMs: partition.elapsedMs,
    chunks,
    tallies: [...partition.tallies],
    pipelines: partition.pipelines.map(({ name }, i) => ({
      name,
      definition: definitions[i]!,
      readings: partition.readings[i]!,
      closed: partition.closed[i]!,
    })),
  }
  const records: StateRecord[] = []
  for (let i = 0; i < chunks; i++) {
    const assets = stored.slice(i * CHUNK_ASSETS, (i + 1) * CHUNK_ASSETS)
    records.push({ key: `chunk/${i}`, value: packr.pack({ version: STATE_VERSION, assets } satisfies Chunk) })
  }
  for (let i = chunks; i < chunksBefore; i++) records.push({ key: `chunk/${i}`, value: null })
  records.push({ key: 'head', value: packr.pack(head) })
  return records
}

/** Chunks that a snapshot of this partition takes. */
export function chunkCount(partition: Partition): number {
  let states = 0
  for (const { length } of partition.assets.values()) states += length
  return Math.ceil(states / CHUNK_ASSETS)
}

/**
 * Fills an empty partition from the records of a snapshot.
 * @param records latest value per key
 * @throws failure 'log-version' when a newer program wrote them
 * @returns null when there is no snapshot
 */
export function decodeState(
  partition: Partition,
  records: ReadonlyMap<string, Uint8Array>,
  definitions: readonly string[],
): Restored | null {
  const headBytes = records.get('head')
  if (!headBytes) return null
  const head = checked(packr.unpack(headBytes) as Head)
  partition.tickTs = head.tickTs
  partition.elapsedMs = head.elapsedMs
  for (const [what, count] of head.tallies) partition.tallies.set(what, count)
  const indexOf = new Map(partition.pipelines.map(({ name }, i) => [name, i]))
  const changed = new Map<number, { pipeline: string; assets: number; discardedWindows: number }>()
  for (const { name, definition, readings, closed } of head.pipelines) {
    const i = indexOf.get(name)
    if (i === undefined) continue
    Object.assign(partition.readings[i]!, readings)
    Object.assign(partition.closed[i]!, closed)
    if (definition !== definitions[i]) changed.set(i, { pipeline: name, assets: 0, discardedWindows: 0 })
  }
  for (let i = 0; i < head.chunks; i++) {
    const bytes = records.get(`chunk/${i}`)
    if (!bytes)
      throw failure(
        'log-version',
        `state chunk ${i} of ${head.chunks} is missing; the state topic is damaged`,
      )
    for (const stored of checked(packr.unpack(bytes) as Chunk).assets) {
      const pipeline = indexOf.get(stored.pipeline)
      if (pipeline === undefined || !partition.pipelines[pipeline]!.takes(stored.asset)) continue
      const state = load(partition, stored, pipeline, changed.has(pipeline))
      const note = changed.get(pipeline)
      if (note) {
        note.assets++
        note.discardedWindows += stored.windows.length
      }
      put(partition, state)
    }
  }
  return { offset: head.offset, changed: [...changed.values()] }
}

function checked<T extends { readonly version: number }>(stored: T): T {
  if (stored.version > STATE_VERSION) {
    throw failure(
      'log-version',
      `the state was written by a newer version (${stored.version}, this program reads up to ${STATE_VERSION}); update Forewarn`,
    )
  }
  return stored
}

function store(partition: Partition, state: AssetState): StoredAsset {
  const rules = partition.pipelines[state.pipeline]!
  return {
    asset: state.asset,
    pipeline: rules.name,
    channels: state.layout.channels,
    maxTs: state.maxTs,
    watermark: state.watermark,
    heardAtMs: state.heardAtMs,
    windows: state.windows,
    recent: recentPairs(state.recent),
    normal: state.normal.cells,
    alerts: state.alerts.map((slot, i) => ({ ...slot, rule: rules.alerts[i]!.rule })),
  }
}

function load(partition: Partition, stored: StoredAsset, pipeline: number, changed: boolean): AssetState {
  const rules = partition.pipelines[pipeline]!
  const fresh = newAssetState(partition, stored.asset, pipeline)
  const layout = layoutOf(fresh.layout, stored.channels)
  const sameChannels = layout.channels.join() === stored.channels.join()
  const last = stored.windows[stored.windows.length - 1]
  return {
    ...fresh,
    layout,
    maxTs: stored.maxTs,
    watermark:
      changed && last
        ? Math.max(stored.watermark, afterWindowsOf(stored.maxTs, rules.window))
        : stored.watermark,
    heardAtMs: stored.heardAtMs,
    windows: changed ? [] : stored.windows.map((window) => ({ ...window })),
    recent: recentFrom(stored.recent),
    normal: sameChannels ? { cells: stored.normal } : { cells: new Float64Array(fresh.normal.cells.length) },
    alerts: rules.alerts.map(({ rule }, i) => {
      const slot = stored.alerts.find((candidate) => candidate.rule === rule)
      return slot
        ? { open: slot.open, transitions: slot.transitions, run: slot.run, since: slot.since }
        : fresh.alerts[i]!
    }),
  }
}

function layoutOf(layout: Layout, channels: readonly string[]): Layout {
  return layout.grows ? growLayout(layout, makeShape(channels)) : layout
}

function put(partition: Partition, state: AssetState): void {
  const states = [...(partition.assets.get(state.asset) ?? []), state].sort((a, b) => a.pipeline - b.pipeline)
  partition.assets.set(state.asset, states)
}

/** End of the last window that holds `ts`: a window of which a part was discarded must not open half empty. */
function afterWindowsOf(ts: number, { sizeMs, hopMs }: WindowRule): number {
  return Math.floor(ts / hopMs) * hopMs + sizeMs
}
