/**
 * An asset's state in a pipeline as the `state` topic keeps it, and back. Names stand in for indices and shared
 * layouts, so that it survives a changed list of pipelines or rules.
 */
import type { AlertSlot } from './alert.ts'
import { type AssetState, makeAssetState } from './asset.ts'
import { type Baseline, baselineBytes } from './baseline.ts'
import type { CountRun } from './count-windows.ts'
import { growLayout, type Layout, makeLayout } from './layout.ts'
import { MOMENT_SLOTS } from './moments.ts'
import { normalFrom } from './normal.ts'
import { type NumberPool, putNormal, putNumbers, putRecent, takeNormal, takeNumbers } from './number-pool.ts'
import type { OpenWindow } from './open-window.ts'
import { firstLayout, type Partition, ruleNames } from './partition.ts'
import { recentFrom } from './recent.ts'
import { makeShape } from './shape.ts'
import type { WindowRule } from './window.ts'

/** Version 1 kept neither end nor origin: its windows were all of a time. */
type StoredWindow = Omit<OpenWindow, 'end' | 'origin'> & Partial<Pick<OpenWindow, 'end' | 'origin'>>

/** `raisedAt` since version 2. */
type StoredSlot = Omit<AlertSlot, 'raisedAt'> & { readonly rule: string; readonly raisedAt?: number }

/** An asset as it was stored, with its numbers at hand. */
export interface StoredAsset {
  readonly asset: string
  readonly pipeline: string
  readonly channels: readonly string[]
  readonly maxTs: number
  readonly watermark: number
  readonly heardAtMs: number
  readonly windows: readonly StoredWindow[]
  /** Since version 2, and only where windows are of a count. */
  readonly run?: CountRun
  /** Since version 2, where it is so. */
  readonly retired?: true
  readonly silent?: true
  readonly recent: Float64Array
  readonly normal: Float64Array
  /** Since version 2, and only where there is no model. */
  readonly baseline?: Baseline
  readonly alerts: readonly StoredSlot[]
}

/** The same in the bytes: counts stand for numbers, which lie in the chunk's pool in the order of the assets. */
export type PackedAsset = Omit<StoredAsset, 'windows' | 'recent' | 'normal'> & {
  readonly windows: readonly (Omit<OpenWindow, 'moments'> & { readonly moments: number })[]
  readonly recent: number
  readonly normal: number
}

/** @param pool takes the numbers of the state, asset by asset */
export function storeAsset(partition: Partition, state: AssetState, pool: NumberPool): PackedAsset {
  const rules = partition.pipelines[state.pipeline]!
  const names = ruleNames(rules)
  return {
    asset: state.asset,
    pipeline: rules.name,
    channels: state.layout.channels,
    maxTs: state.maxTs,
    watermark: state.watermark,
    heardAtMs: state.heardAtMs,
    windows: state.windows.map(({ start, end, origin, count, moments }) => ({
      start,
      end,
      origin,
      count,
      moments: putNumbers(pool, moments),
    })),
    ...('count' in rules.window ? { run: state.run } : {}),
    ...(state.retired ? { retired: true } : {}),
    ...(state.silent ? { silent: true } : {}),
    recent: putRecent(pool, state.recent),
    normal: putNormal(pool, state.normal.cells),
    ...(state.baseline === null ? {} : { baseline: state.baseline }),
    alerts: state.alerts.map((slot, i) => ({ ...slot, rule: names[i]! })),
  }
}

/** With its numbers from the pool that it was stored with, which are taken in the same order. */
export function unpacked(packed: PackedAsset, pool: NumberPool): StoredAsset {
  const windows = packed.windows.map((window) => ({ ...window, moments: takeNumbers(pool, window.moments) }))
  const recent = takeNumbers(pool, packed.recent)
  return { ...packed, windows, recent, normal: takeNormal(pool, packed.normal) }
}

/** Bytes of the numbers of a state, which are nearly all of it. */
export function numberBytes({ layout, windows, recent, normal, baseline }: AssetState): number {
  const momentBytes = windows.length * layout.channels.length * MOMENT_SLOTS * 8
  const learnedBytes = baseline === null ? 0 : baselineBytes(baseline)
  return momentBytes + recent.length * 16 + normal.cells.byteLength + learnedBytes
}

/**
 * @param pipeline index of its pipeline
 * @param changed the pipeline's definition is another one now: open windows are left out
 */
export function loadAsset(
  partition: Partition,
  stored: StoredAsset,
  pipeline: number,
  changed: boolean,
): AssetState {
  const rules = partition.pipelines[pipeline]!
  const layout = layoutOf(firstLayout(partition, stored.asset, pipeline), stored.channels)
  const sameChannels = sameNames(layout.channels, stored.channels)
  const normal = normalFrom(sameChannels ? stored.normal : NO_NUMBERS, layout.channels.length)
  const sisters = partition.sisters[pipeline]!
  const fresh = makeAssetState(stored.asset, pipeline, layout, ruleNames(rules).length, sisters, normal)
  return {
    ...fresh,
    maxTs: stored.maxTs,
    watermark:
      changed && stored.windows.length > 0
        ? Math.max(stored.watermark, afterWindowsOf(stored.maxTs, rules.window))
        : stored.watermark,
    heardAtMs: stored.heardAtMs,
    windows: changed ? [] : stored.windows.map((window) => loadWindow(window, rules.window)),
    run: stored.run && !changed ? { ...stored.run } : { ...fresh.run, leftOver: stored.run?.leftOver ?? 0 },
    retired: stored.retired ?? false,
    silent: stored.silent === true && Boolean(rules.noData),
    recent: recentFrom(stored.recent),
    baseline: sameChannels && !changed ? rejoined(stored.baseline ?? null, fresh) : null,
    alerts: ruleNames(rules).map((rule, i) => {
      const slot = stored.alerts.find((candidate) => candidate.rule === rule)
      return slot ? loadSlot(slot) : fresh.alerts[i]!
    }),
  }
}

const NO_NUMBERS = new Float64Array(0)

/** Another window or another feature code would make other numbers: then it is learned anew. */
function rejoined(baseline: Baseline | null, { sisters }: AssetState): Baseline | null {
  if (baseline !== null && baseline.rank > 0) sisters.rejoin(baseline)
  return baseline
}

/** What was measured stays measured: an asset keeps its channels when their limit was lowered since. */
function layoutOf(layout: Layout, channels: readonly string[]): Layout {
  if (layout.grows === false) return layout
  return channels.length <= layout.grows
    ? growLayout(layout, makeShape(channels))
    : makeLayout(channels, false, layout.plausible)
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i])
}

export function loadSlot({ open, transitions, run, since, raisedAt }: StoredSlot): AlertSlot {
  return { open, transitions, run, since, raisedAt: raisedAt ?? open?.raisedAt ?? Number.NEGATIVE_INFINITY }
}

function loadWindow(window: StoredWindow, rule: WindowRule): OpenWindow {
  const { start, count, moments } = window
  const { end = 'sizeMs' in rule ? start + rule.sizeMs : start, origin = start } = window
  return { start, end, origin, count, moments }
}

/**
 * End of the last window that holds `ts`: a window of which a part was discarded must not open half empty. Windows
 * of a count begin with whatever comes next.
 */
function afterWindowsOf(ts: number, rule: WindowRule): number {
  if ('count' in rule) return Number.NEGATIVE_INFINITY
  return 'gapMs' in rule ? ts + rule.gapMs : Math.floor(ts / rule.hopMs) * rule.hopMs + rule.sizeMs
}
