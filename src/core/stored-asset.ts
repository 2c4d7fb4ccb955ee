/**
 * An asset's state in a pipeline as the `state` topic keeps it, and back. Names stand in for indices and shared
 * layouts, so that it survives a changed list of pipelines or rules.
 */
import type { AlertSlot } from './alert.ts'
import type { AssetState } from './asset.ts'
import { type Baseline, baselineBytes } from './baseline.ts'
import type { CountRun } from './count-windows.ts'
import { growLayout, type Layout, makeLayout } from './layout.ts'
import { MOMENT_SLOTS } from './moments.ts'
import { normalFrom } from './normal.ts'
import type { OpenWindow } from './open-window.ts'
import { newAssetState, type Partition, ruleNames } from './partition.ts'
import { recentFrom, recentPairs } from './recent.ts'
import { makeShape } from './shape.ts'
import type { WindowRule } from './window.ts'

/** Version 1 kept neither end nor origin: its windows were all of a time. */
type StoredWindow = Omit<OpenWindow, 'end' | 'origin'> & Partial<Pick<OpenWindow, 'end' | 'origin'>>

/** `raisedAt` since version 2. */
type StoredSlot = Omit<AlertSlot, 'raisedAt'> & { readonly rule: string; readonly raisedAt?: number }

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

export function storeAsset(partition: Partition, state: AssetState): StoredAsset {
  const rules = partition.pipelines[state.pipeline]!
  const names = ruleNames(rules)
  return {
    asset: state.asset,
    pipeline: rules.name,
    channels: state.layout.channels,
    maxTs: state.maxTs,
    watermark: state.watermark,
    heardAtMs: state.heardAtMs,
    windows: state.windows,
    ...('count' in rules.window ? { run: state.run } : {}),
    ...(state.retired ? { retired: true } : {}),
    ...(state.silent ? { silent: true } : {}),
    recent: recentPairs(state.recent),
    normal: state.normal.cells,
    ...(state.baseline === null ? {} : { baseline: state.baseline }),
    alerts: state.alerts.map((slot, i) => ({ ...slot, rule: names[i]! })),
  }
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
  const fresh = newAssetState(partition, stored.asset, pipeline)
  const layout = layoutOf(fresh.layout, stored.channels)
  const sameChannels = sameNames(layout.channels, stored.channels)
  return {
    ...fresh,
    layout,
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
    normal: normalFrom(sameChannels ? stored.normal : NO_NUMBERS, layout.channels.length),
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
