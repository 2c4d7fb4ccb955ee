/**
 * The rows that teach, dealt anew each epoch in hands: shuffled, with a channel blanked here and there. Only one
 * hand is in memory, however many rows there are.
 */
import { createRandom } from '../../simulators/random.ts'
import { parseFeature } from '../core/features.ts'
import { type Inputs, prepareRows } from '../model/inputs.ts'
import { MOST_TAUGHT_ROWS, wholeRows } from '../model/rows.ts'
import { type Dataset, vectorsOf } from './dataset.ts'
import { shuffle } from './split.ts'
import { visitRows } from './vectors.ts'

/** Some rows as the net takes them; the arrays are reused by the next hand. */
export interface Hand {
  readonly rows: number
  /** Row-major [rows × inputs]. */
  readonly inputs: Float32Array
  readonly targets: Float32Array
}

export interface Deck {
  readonly rows: number
  /** All rows once, in an order of its own each time. */
  deal(): Iterable<Hand>
}

/** Most rows in a hand. */
export const HAND_ROWS = 341 * MOST_TAUGHT_ROWS

/**
 * @param blankShare chance that one channel of a row is blanked (0, as a missing one is), so that the net learns
 *   to do without a sensor
 */
export function makeDeck(
  dataset: Dataset,
  inputs: Inputs,
  rows: Int32Array,
  blankShare: number,
  seed: number,
): Deck {
  const width = inputs.names.length
  const channels = channelColumns(inputs)
  const random = createRandom(seed, 'deck')
  const order = Int32Array.from(rows.keys())
  const most = Math.min(HAND_ROWS, rows.length)
  const pool = new Float32Array(most * width)
  const targets = new Float32Array(most)
  const prepare = preparer(dataset, inputs, rows)
  return {
    rows: rows.length,
    *deal() {
      shuffle(order, random)
      for (let from = 0; from < order.length; from += most) {
        const hand = order.subarray(from, from + most)
        prepare(hand, pool)
        for (let i = 0; i < hand.length; i++) {
          targets[i] = dataset.target[rows[hand[i]!]!]!
          if (random.uniform() >= blankShare) continue
          for (const column of channels[random.below(channels.length)]!) pool[i * width + column] = 0
        }
        yield {
          rows: hand.length,
          inputs: pool.subarray(0, hand.length * width),
          targets: targets.subarray(0, hand.length),
        }
      }
    },
  }
}

/**
 * A hand's numbers with as many rows from its beginning as fill it up to a multiple of `ROW_UNIT`; as they are when nothing
 * is left over. (Rows are in an order of chance, so it is chance which ones are heard twice.)
 */
export function filledUp(numbers: Float32Array, rows: number): Float32Array {
  const whole = wholeRows(rows)
  if (whole === rows) return numbers
  const filled = new Float32Array((numbers.length / rows) * whole)
  filled.set(numbers)
  for (let i = numbers.length; i < filled.length; i++) filled[i] = numbers[i % numbers.length]!
  return filled
}

/** Prepared rows up to this many bytes are kept from epoch to epoch. */
const KEPT_BYTES = 128 * 1024 * 1024

/** @returns puts the rows at the given places of the list into `out`, as the net takes them */
export function preparer(
  dataset: Dataset,
  inputs: Inputs,
  rows: Int32Array,
): (places: Int32Array, out: Float32Array) => void {
  const width = inputs.names.length
  const bytes = rows.length * width * Float32Array.BYTES_PER_ELEMENT
  if (bytes > KEPT_BYTES) {
    return (places, out) =>
      preparedRows(
        dataset,
        inputs,
        places.map((place) => rows[place]!),
        out,
      )
  }
  const kept = new Float32Array(rows.length * width)
  preparedRows(dataset, inputs, rows, kept)
  return (places, out) => {
    places.forEach((place, i) => {
      out.set(kept.subarray(place * width, (place + 1) * width), i * width)
    })
  }
}

/**
 * Rows as the net takes them, in the order given; read in the order in which they lie on disk.
 * @param out row-major [rows × inputs]
 */
export function preparedRows(dataset: Dataset, inputs: Inputs, rows: Int32Array, out: Float32Array): void {
  const width = inputs.names.length
  const features = inputs.features.length
  const vectors = vectorsOf(dataset)
  const places = Uint32Array.from(rows.keys())
  if (vectors.array === null) places.sort((a, b) => rows[a]! - rows[b]!)
  const sorted = Int32Array.from(places, (place) => rows[place]!)
  visitRows(vectors, sorted, (numbers, at, i) => {
    const place = places[i]!
    prepareRows(inputs, numbers, at / features, 1, out.subarray(place * width, (place + 1) * width))
  })
}

/** The inputs that come from each channel; those of attributes are never blanked. */
export function channelColumns({ features, sources }: Inputs): number[][] {
  const columns = new Map<string, number[]>()
  sources.forEach((from, input) => {
    for (const source of new Set(from)) {
      const channel = parseFeature(features[source]!)?.channel
      if (channel === undefined) continue
      const own = columns.get(channel) ?? []
      if (own[own.length - 1] !== input) columns.set(channel, [...own, input])
    }
  })
  return [...columns.values()]
}
