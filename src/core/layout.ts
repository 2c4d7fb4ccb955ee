/**
 * Which channels an asset's windows keep, and where. Assets with the same channels share one layout.
 * A pipeline with a model has one fixed layout; without one, an asset's layout grows as channels appear.
 */
import type { Shape } from './shape.ts'

export interface Layout {
  readonly channels: readonly string[]
  /** Least and greatest plausible value per channel; a value outside counts as not measured. */
  readonly min: Float64Array
  readonly max: Float64Array
  readonly plausible: Plausible | null
  /** Channels that appear later are taken in too, up to this many in all; false: none is (any more). */
  readonly grows: number | false
  /** Index of each channel of a shape in this layout (-1: not kept), worked out once per shape. */
  readonly byShape: Map<Shape, Int16Array>
  /** Layouts with one channel more; shared, so that equal assets meet in the same one. */
  readonly grown: Map<string, Layout>
}

/** Plausible range of a channel. */
export type Plausible = (
  channel: string,
) => { readonly min: number | null; readonly max: number | null } | undefined

/** Shapes remembered per layout; a sender that makes up shapes costs time, never memory. */
const SHAPES_PER_LAYOUT = 64
/** Layouts remembered as successors of one layout. */
const GROWN_PER_LAYOUT = 256

/** @param grows most channels that the layout may grow to; false = it keeps these */
export function makeLayout(
  channels: readonly string[],
  grows: number | false,
  plausible: Plausible | null,
): Layout {
  return {
    channels,
    plausible,
    min: Float64Array.from(channels, (channel) => plausible?.(channel)?.min ?? Number.NEGATIVE_INFINITY),
    max: Float64Array.from(channels, (channel) => plausible?.(channel)?.max ?? Number.POSITIVE_INFINITY),
    grows: grows !== false && channels.length < grows ? grows : false,
    byShape: new Map(),
    grown: new Map(),
  }
}

/** Index of each of the shape's channels in the layout; -1 where the layout does not keep it. */
export function channelIndex(layout: Layout, shape: Shape): Int16Array {
  const known = layout.byShape.get(shape)
  if (known) return known
  const index = Int16Array.from(shape.channels, (channel) => layout.channels.indexOf(channel))
  if (layout.byShape.size >= SHAPES_PER_LAYOUT) layout.byShape.clear()
  layout.byShape.set(shape, index)
  return index
}

/**
 * The layout that also keeps the shape's channels, as far as it may grow.
 * @returns the same layout when there is nothing to add
 */
export function growLayout(layout: Layout, shape: Shape): Layout {
  let grown = layout
  for (const channel of shape.channels) {
    if (grown.grows === false) break
    if (grown.channels.includes(channel)) continue
    let next = grown.grown.get(channel)
    if (!next) {
      next = makeLayout([...grown.channels, channel], grown.grows, grown.plausible)
      if (grown.grown.size >= GROWN_PER_LAYOUT) grown.grown.clear()
      grown.grown.set(channel, next)
    }
    grown = next
  }
  return grown
}
