/**
 * Readings → closed windows, through the same core as the live stream: its layout, watermark, duplicates and
 * one-pass statistics. Training and evaluation have no other way to features (law 6).
 */
import {
  type AssetState,
  advance,
  type ClosedWindow,
  makeAssetState,
  type ReadingFields,
} from '../core/asset.ts'
import { failure } from '../core/errors.ts'
import { type Layout, makeLayout, type Plausible } from '../core/layout.ts'
import { makeShape, type Shape } from '../core/shape.ts'
import type { WindowRule } from '../core/window.ts'

/** A reading from a file or a simulator; `null` or a missing channel = not measured. */
export interface TrainingReading {
  readonly asset: string
  /** Epoch ms. */
  readonly ts: number
  readonly values: Readonly<Record<string, number | null>>
}

export type Readings = Iterable<TrainingReading> | AsyncIterable<TrainingReading>

export interface WindowSource {
  readonly channels: readonly string[]
  readonly window: WindowRule
  /** Plausible values of an asset's channels, as the config has them. */
  readonly plausible?: (asset: string) => Plausible | null
}

/** What became of the readings. */
export interface ReadingTally {
  windowed: number
  late: number
  duplicate: number
}

const DEDUPE_PER_ASSET = 1024
const OPEN_WINDOWS_PER_ASSET = 64
/** Most assets in one training run. */
export const ASSETS_LIMIT = 100_000

/**
 * Windows in the order in which they close. Those still open at the end are not handed on: in the live stream
 * they would not be whole either.
 * @param readings of each asset nearly in time order, as a sender sends them
 * @param tally is counted up
 */
export async function* closedWindows(
  readings: Readings,
  source: WindowSource,
  tally: ReadingTally,
): AsyncGenerator<ClosedWindow> {
  const rules = {
    window: source.window,
    dedupePerAsset: DEDUPE_PER_ASSET,
    openWindowsPerAsset: OPEN_WINDOWS_PER_ASSET,
  }
  const stateOf = assetStates(source)
  const fieldsOf = readingFields()
  const closed: ClosedWindow[] = []
  for await (const reading of readings) {
    tally[advance(stateOf(reading.asset), fieldsOf(reading), rules, 0, closed)]++
    if (closed.length === 0) continue
    yield* closed
    closed.length = 0
  }
}

function assetStates({ channels, plausible }: WindowSource): (asset: string) => AssetState {
  const states = new Map<string, AssetState>()
  const layouts = new Map<Plausible | null, Layout>()
  return (asset) => {
    const known = states.get(asset)
    if (known) return known
    if (states.size >= ASSETS_LIMIT) {
      throw failure(
        'input',
        `more than ${ASSETS_LIMIT} assets: does the map take the right column for asset?`,
      )
    }
    const limits = plausible?.(asset) ?? null
    const layout = layouts.get(limits) ?? makeLayout(channels, false, limits)
    layouts.set(limits, layout)
    const state = makeAssetState(asset, 0, layout, 0)
    states.set(asset, state)
    return state
  }
}

/** Fills one reused object, as the decoder of the live stream does; equal lists of channels share a shape. */
function readingFields(): (reading: TrainingReading) => ReadingFields {
  const shapes = new Map<string, Shape>()
  const fields: ReadingFields = {
    asset: '',
    ts: 0,
    arrival: false,
    shape: makeShape([]),
    values: new Float64Array(0),
  }
  return ({ asset, ts, values }) => {
    const names = Object.keys(values)
    if (!sameNames(names, fields.shape.channels)) {
      const key = JSON.stringify(names)
      const shape = shapes.get(key) ?? makeShape(names)
      shapes.set(key, shape)
      fields.shape = shape
      fields.values = new Float64Array(names.length)
    }
    for (let i = 0; i < names.length; i++) fields.values[i] = values[names[i]!] ?? Number.NaN
    fields.asset = asset
    fields.ts = ts
    return fields
  }
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
