/** The rows that teach, scaled once, dealt anew each epoch: shuffled, with a channel blanked here and there. */
import { createRandom } from '../../simulators/random.ts'
import { parseFeature } from '../core/features.ts'
import { type Scaling, scaleRows } from '../model/scaling.ts'
import type { Dataset } from './dataset.ts'
import { shuffle } from './split.ts'

export interface Deck {
  readonly rows: number
  /** Row-major [rows × features]; the arrays are reused by the next call. */
  deal(): { readonly inputs: Float32Array; readonly targets: Float32Array }
}

/**
 * @param blankShare chance that one channel of a row is blanked (0, as a missing one is), so that the net learns
 *   to do without a sensor
 */
export function makeDeck(
  dataset: Dataset,
  scaling: Scaling,
  rows: Int32Array,
  blankShare: number,
  seed: number,
): Deck {
  const width = dataset.features.length
  const scaled = scaledRows(dataset, scaling, rows)
  const channels = channelColumns(dataset.features)
  const random = createRandom(seed, 'deck')
  const order = Int32Array.from(rows, (_, i) => i)
  const inputs = new Float32Array(scaled.length)
  const targets = new Float32Array(rows.length)
  return {
    rows: rows.length,
    deal() {
      shuffle(order, random)
      for (let i = 0; i < order.length; i++) {
        const from = order[i]!
        inputs.set(scaled.subarray(from * width, (from + 1) * width), i * width)
        targets[i] = dataset.target[rows[from]!]!
        if (random.uniform() >= blankShare) continue
        for (const column of channels[random.below(channels.length)]!) inputs[i * width + column] = 0
      }
      return { inputs, targets }
    },
  }
}

/** @returns the rows as the net takes them, row-major */
export function scaledRows(dataset: Dataset, scaling: Scaling, rows: Int32Array): Float32Array {
  const width = dataset.features.length
  const scaled = new Float32Array(rows.length * width)
  for (let i = 0; i < rows.length; i++) {
    scaleRows(scaling, dataset.vectors, rows[i]!, 1, scaled.subarray(i * width, (i + 1) * width))
  }
  return scaled
}

/** The columns of each channel. */
function channelColumns(features: readonly string[]): number[][] {
  const columns = new Map<string, number[]>()
  features.forEach((feature, i) => {
    const channel = parseFeature(feature)?.channel ?? feature
    columns.set(channel, [...(columns.get(channel) ?? []), i])
  })
  return [...columns.values()]
}
