/**
 * Readings that are at hand as objects → closed windows, by the very code that the live stream runs.
 * Training builds its vectors with it, so that what is trained is what is served (law 6).
 */
import {
  type AssetRules,
  type AssetState,
  advance,
  closeIdle,
  makeAssetState,
  type ReadingResult,
} from './asset.ts'
import { makeLayout, type Plausible } from './layout.ts'
import type { ClosedWindow } from './open-window.ts'
import { dropBad, type Quality } from './quality.ts'
import { makeShape, type Shape } from './shape.ts'

/** A reading as formats and simulators make it. */
export interface PlainReading {
  readonly asset: string
  readonly ts: number
  readonly values: Readonly<Record<string, number | null>>
  readonly quality?: Quality
}

export interface WindowedOptions extends AssetRules {
  /** Channels that windows keep, in this order; others are passed over. */
  readonly channels: readonly string[]
  readonly plausible?: (asset: string) => Plausible | null
  /** Told what became of each reading. */
  readonly taken?: (result: Exclude<ReadingResult, 'future'>) => void
  /** Told of values that were not taken since their quality is bad. */
  readonly dropped?: (values: number) => void
}

/** Takes readings one by one; what it returns is reused by the next call. */
export interface Windower {
  take(reading: PlainReading): readonly ClosedWindow[]
  /** What is open at the end, with `closed: 'end'`. */
  end(): readonly ClosedWindow[]
}

export function makeWindower(options: WindowedOptions): Windower {
  const states = new Map<string, AssetState>()
  const shapes = new Map<string, Shape>()
  const closed: ClosedWindow[] = []
  return {
    take({ asset, ts, values, quality }) {
      closed.length = 0
      let state = states.get(asset)
      if (!state) {
        const layout = makeLayout(options.channels, false, options.plausible?.(asset) ?? null)
        state = makeAssetState(asset, 0, layout, 0)
        states.set(asset, state)
      }
      const names = Object.keys(values)
      const id = names.join('\n')
      let shape = shapes.get(id)
      if (!shape) {
        shape = makeShape(names)
        shapes.set(id, shape)
      }
      const numbers = Float64Array.from(names, (name) => values[name] ?? Number.NaN)
      if (quality) options.dropped?.(dropBad(quality, names, numbers))
      const result = advance(state, { asset, ts, arrival: false, shape, values: numbers }, options, 0, closed)
      options.taken?.(result)
      return closed
    },
    end() {
      closed.length = 0
      for (const state of states.values()) closeIdle(state, options.window, 'end', closed)
      return closed
    },
  }
}

/**
 * Yields windows as they close, readings taken in the order given; what is open at the end comes last, with
 * `closed: 'end'`.
 */
export function* closedWindows(
  readings: Iterable<PlainReading>,
  options: WindowedOptions,
): Generator<ClosedWindow> {
  const windower = makeWindower(options)
  for (const reading of readings) yield* windower.take(reading)
  yield* windower.end()
}
