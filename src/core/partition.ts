/**
 * All that the engine knows of one partition: its clock, its assets, its counts. Records are taken in log
 * order; what must be settled (closed windows, commands) is appended to `steps` in that order, so that an
 * acknowledgement behind a window meets the alert that this window raised, whatever the batch boundaries.
 */

import type { AlertRule, AlertSlot, Ending } from './alert.ts'
import {
  type AssetRules,
  type AssetState,
  advance,
  closeIdle,
  isUnderWay,
  makeAssetState,
  type ReadingFields,
  type ReadingResult,
} from './asset.ts'
import type { ReadingCounts, ReceivedCounts } from './balance.ts'
import type { LearnRule } from './baseline.ts'
import { type Layout, makeLayout, type Plausible } from './layout.ts'
import type { ClosedWindow } from './open-window.ts'
import type { ClosedBy, Command, Tick } from './records.ts'
import {
  type Hearing,
  hearAsset,
  makeHearing,
  NO_DATA,
  type NoDataRule,
  type SilenceChange,
  watchSilence,
} from './silence.ts'
import { makeSisters, type Sisters } from './sisters.ts'

/** A pipeline as the core needs it; made from config and manifest at the start. */
export interface PipelineRules extends AssetRules {
  readonly name: string
  readonly takes: (asset: string) => boolean
  /** Channels of the model; `null` = every channel that appears. */
  readonly channels: readonly string[] | null
  /** Plausible values of an asset's channels; the same object for assets of the same group. */
  readonly plausible: (asset: string) => Plausible | null
  readonly alerts: readonly AlertRule[]
  /** How assets without a model learn. */
  readonly learn: LearnRule
  /** When silence is an alert; left out: it is none. */
  readonly noData?: NoDataRule | null
  /** What scores carry as `model` and `modelVersion`. */
  readonly model: string
  readonly modelVersion: string
  /** Scores from here on come with the model's explanation; left out where the model gives none. */
  readonly explainFrom?: number
  /** Field that repeats the score under the model's own name for it. */
  readonly output: 'failureProbability' | 'anomaly'
}

export interface PartitionLimits {
  readonly assets: number
  /** Most channels that an asset's windows keep where no model names them. */
  readonly channelsPerAsset: number
  readonly futureByMs: number
  /** Silence, by logged ticks, after which an asset is forgotten. */
  readonly forgetAfterMs: number
}

/** Work for `settle`, in log order. `offset` is that of the record that caused it. */
export type Step =
  | { readonly offset: number; readonly window: ClosedWindow }
  /** With the states of its asset as they were then: they may be gone by the end of the batch. */
  | {
      readonly offset: number
      readonly command: Command
      readonly states: readonly Pick<AssetState, 'alerts'>[]
    }
  /** An alert about silence is raised or cleared. */
  | { readonly offset: number; readonly silence: SilenceChange }
  /** Open alerts of these slots end. */
  | {
      readonly offset: number
      readonly ending: Ending
      readonly slots: readonly AlertSlot[]
      readonly states?: readonly AssetState[]
    }

/** What a partition remembers; plain data but for the pipelines' functions. */
export interface Partition {
  readonly pipelines: readonly PipelineRules[]
  /** First layout of the assets of a pipeline, by their plausible values. */
  readonly layouts: readonly Map<Plausible | null, Layout>[]
  /** Assets of a pipeline that learn from each other. */
  readonly sisters: readonly Sisters[]
  readonly limits: PartitionLimits
  /** Log clock: `ts` of the last tick (null before the first) and the sum of `elapsed`. */
  tickTs: number | null
  elapsedMs: number
  /**
   * Summed `elapsed` before which no asset can be idle, or be forgotten, so that a tick need not look at each. Readings only
   * put it off. Not part of the state: 0, and they are looked at.
   */
  idleDueMs: number
  forgetDueMs: number
  readonly hearing: Hearing
  /** It tells when nobody speaks in any partition. */
  readonly isHome: boolean
  /** States of an asset, one for each pipeline that takes it. */
  readonly assets: Map<string, readonly AssetState[]>
  readonly received: ReceivedCounts
  readonly readings: readonly ReadingCounts[]
  /** Windows closed, by pipeline and reason. */
  readonly closed: readonly Record<ClosedBy, number>[]
  /** What was emitted: `dead-letter/REASON`, `alert/SEVERITY/TRANSITION`, `command/RESULT`; what ended: `asset/…`, `left-over`; `value/bad-quality`. */
  readonly tallies: Map<string, number>
}

export function tally(partition: Partition, what: string, count = 1): void {
  if (count > 0) partition.tallies.set(what, (partition.tallies.get(what) ?? 0) + count)
}

/** What became of a reading in each pipeline that takes its asset. */
export interface Taken {
  readonly states: readonly AssetState[]
  readonly results: ReadingResult[]
}

/** Names of the rules that an asset's alert slots belong to, in their order. */
export function ruleNames({ alerts, noData }: PipelineRules): string[] {
  const names = alerts.map(({ rule }) => rule)
  return noData ? [...names, NO_DATA] : names
}

/** @param isHome it tells when nobody speaks: the one partition, or that of `INGEST` */
export function makePartition(
  pipelines: readonly PipelineRules[],
  limits: PartitionLimits,
  isHome = true,
): Partition {
  return {
    pipelines,
    layouts: pipelines.map(() => new Map()),
    sisters: pipelines.map(makeSisters),
    limits,
    tickTs: null,
    elapsedMs: 0,
    idleDueMs: 0,
    forgetDueMs: 0,
    hearing: makeHearing(),
    isHome,
    assets: new Map(),
    received: { records: 0, decoded: 0, rejected: 0, unassigned: 0 },
    readings: pipelines.map(() => ({ decoded: 0, windowed: 0, late: 0, duplicate: 0, future: 0 })),
    closed: pipelines.map(() => ({ watermark: 0, idle: 0, end: 0 })),
    tallies: new Map(),
  }
}

const taken: { states: readonly AssetState[]; results: ReadingResult[] } = { states: [], results: [] }
const closing: ClosedWindow[] = []

/**
 * Takes a decoded reading. What is too far ahead of the log clock is `future`. While no engine runs nobody writes
 * ticks, so the clock is the last tick or the time at which the log took the record, whichever is later: else all
 * that came during an outage would be ahead of the tick before it.
 * @param takenAtMs when the log took the record
 * @returns what became of it (reused by the next call); `full` when the partition has no room for a new
 *   asset, `unassigned` when no pipeline takes it
 */
export function takeReading(
  partition: Partition,
  reading: ReadingFields,
  offset: number,
  steps: Step[],
  takenAtMs = Number.NEGATIVE_INFINITY,
): Taken | 'full' | 'unassigned' {
  const states = partition.assets.get(reading.asset) ?? addAsset(partition, reading.asset)
  if (typeof states === 'string') return states
  const clockMs = Math.max(partition.tickTs ?? Number.NEGATIVE_INFINITY, takenAtMs)
  const future = clockMs > Number.NEGATIVE_INFINITY && reading.ts > clockMs + partition.limits.futureByMs
  const { results } = taken
  // Cutting an array off costs as much as all the rest: nearly always it has the right length.
  if (results.length !== states.length) results.length = states.length
  for (let i = 0; i < states.length; i++) {
    const state = states[i]!
    const rules = partition.pipelines[state.pipeline]!
    const result = future ? 'future' : advance(state, reading, rules, partition.elapsedMs, closing)
    const counts = partition.readings[state.pipeline]!
    counts.decoded++
    counts[result]++
    results[i] = result
  }
  if (closing.length > 0) drain(partition, offset, steps)
  if (!future) hearAsset(partition, states, offset, steps)
  taken.states = states
  return taken
}

/** Takes a tick: moves the log clock, closes the windows of assets that have been silent too long, and tells of them. */
export function takeTick(partition: Partition, tick: Tick, offset: number, steps: Step[]): void {
  partition.tickTs = Math.max(partition.tickTs ?? tick.ts, tick.ts)
  partition.elapsedMs += tick.elapsed
  if (partition.elapsedMs >= partition.idleDueMs) closeIdleAssets(partition)
  if (closing.length > 0) drain(partition, offset, steps)
  watchSilence(partition, offset, steps)
}

function closeIdleAssets(partition: Partition): void {
  const { elapsedMs, pipelines } = partition
  // What begins after this look is idle no sooner than this.
  let dueMs = Number.POSITIVE_INFINITY
  for (const { window } of pipelines) dueMs = Math.min(dueMs, elapsedMs + window.idleMs)
  for (const states of partition.assets.values()) {
    for (const state of states) {
      if (!isUnderWay(state)) continue
      const { window } = pipelines[state.pipeline]!
      const atMs = state.heardAtMs + window.idleMs
      if (elapsedMs >= atMs) closeIdle(state, window, 'idle', closing)
      else dueMs = Math.min(dueMs, atMs)
    }
  }
  partition.idleDueMs = dueMs
}

/** Summed `elapsed` at which windows that are open now close on idle, should nothing more be heard. */
export function nextIdleMs({ assets, pipelines }: Partition): number {
  let next = Number.POSITIVE_INFINITY
  for (const states of assets.values()) {
    for (const state of states) {
      if (isUnderWay(state)) next = Math.min(next, state.heardAtMs + pipelines[state.pipeline]!.window.idleMs)
    }
  }
  return next
}

/** Closes all that is open: the end of a recording. */
export function closeAll(partition: Partition, offset: number, steps: Step[]): void {
  for (const states of partition.assets.values()) closeStates(partition, states, 'end', offset, steps)
}

/** Closes all windows of an asset. */
export function closeStates(
  partition: Partition,
  states: readonly AssetState[],
  reason: ClosedBy,
  offset: number,
  steps: Step[],
): void {
  for (const state of states) closeIdle(state, partition.pipelines[state.pipeline]!.window, reason, closing)
  drain(partition, offset, steps)
}

/** Windows open now, over all assets and pipelines. */
export function openWindows(partition: Partition): number {
  let open = 0
  for (const states of partition.assets.values()) {
    for (const state of states) open += state.windows.length
  }
  return open
}

/** A new state of an asset in a pipeline. */
export function newAssetState(partition: Partition, asset: string, pipeline: number): AssetState {
  const rules = partition.pipelines[pipeline]!
  const layout = firstLayout(partition, asset, pipeline)
  const state = makeAssetState(asset, pipeline, layout, ruleNames(rules).length, partition.sisters[pipeline]!)
  state.heardAtMs = partition.elapsedMs
  return state
}

/** The layout that an asset begins with. */
export function firstLayout(partition: Partition, asset: string, pipeline: number): Layout {
  const { channels, plausible } = partition.pipelines[pipeline]!
  const layouts = partition.layouts[pipeline]!
  const group = plausible(asset)
  const layout =
    layouts.get(group) ??
    makeLayout(channels ?? [], channels === null && partition.limits.channelsPerAsset, group)
  layouts.set(group, layout)
  return layout
}

function addAsset(partition: Partition, asset: string): readonly AssetState[] | 'full' | 'unassigned' {
  const taking = partition.pipelines.flatMap((rules, i) => (rules.takes(asset) ? [i] : []))
  if (taking.length === 0) return 'unassigned'
  if (partition.assets.size >= partition.limits.assets) return 'full'
  const states = taking.map((pipeline) => newAssetState(partition, asset, pipeline))
  partition.assets.set(asset, states)
  return states
}

function drain(partition: Partition, offset: number, steps: Step[]): void {
  for (const window of closing) {
    partition.closed[window.state.pipeline]![window.closed]++
    steps.push({ offset, window })
  }
  closing.length = 0
}
