/**
 * An asset's state in a pipeline as the `state` topic keeps it, and back. Names stand in for indices and shared
 * layouts, so that it survives a changed list of pipelines or rules.
 */
import type { AlertSlot } from './alert.ts'
import type { AssetState, OpenWindow } from './asset.ts'
import { growLayout, type Layout, makeLayout } from './layout.ts'
import { MOMENT_SLOTS } from './moments.ts'
import { makeNormal } from './normal.ts'
import { newAssetState, type Partition } from './partition.ts'
import { recentFrom, recentPairs } from './recent.ts'
import { makeShape } from './shape.ts'
import type { WindowRule } from './window.ts'

export interface StoredAsset {
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

export function storeAsset(partition: Partition, state: AssetState): StoredAsset {
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

/** Bytes of the numbers of a state, which are nearly all of it. */
export function numberBytes({ layout, windows, recent, normal }: AssetState): number {
  const momentBytes = windows.length * layout.channels.length * MOMENT_SLOTS * 8
  return momentBytes + recent.length * 16 + normal.cells.byteLength
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
    windows: changed ? [] : stored.windows.map((window) => ({ ...window })),
    recent: recentFrom(stored.recent),
    normal: sameChannels ? { cells: stored.normal } : makeNormal(layout.channels.length),
    alerts: rules.alerts.map(({ rule }, i) => {
      const slot = stored.alerts.find((candidate) => candidate.rule === rule)
      return slot
        ? { open: slot.open, transitions: slot.transitions, run: slot.run, since: slot.since }
        : fresh.alerts[i]!
    }),
  }
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

/** End of the last window that holds `ts`: a window of which a part was discarded must not open half empty. */
function afterWindowsOf(ts: number, { sizeMs, hopMs }: WindowRule): number {
  return Math.floor(ts / hopMs) * hopMs + sizeMs
}
