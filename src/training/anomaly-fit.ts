/**
 * Fits the autoencoder of an anomaly model on normal windows: whole windows from ones in which a channel is blanked here
 * and there, so that it learns how channels hang together. Stops by windows that don't teach. The same rows, options and
 * backend build give the same weights, bit by bit; `model/rows.ts` has why other processors give them too.
 */
import type { LayersModel, Tensor } from '@tensorflow/tfjs'
import { createRandom, type Random } from '../../simulators/random.ts'
import { failure } from '../core/errors.ts'
import { buildAutoencoder } from '../model/autoencoder.ts'
import type { Backend } from '../model/backend.ts'
import type { Inputs } from '../model/inputs.ts'
import { numbersOf, predictRisk } from '../model/network.ts'
import { MOST_PREDICTED_ROWS, MOST_TAUGHT_ROWS, wholeRows } from '../model/rows.ts'
import type { Dataset } from './dataset.ts'
import { channelColumns, type Deck, filledUp, makeDeck, preparer } from './deck.ts'
import { type Fitted, requireNative, type Watch } from './fit.ts'
import { everyNth, LEARNED_ROWS, type Losses, noteEpoch } from './history.ts'

export interface AnomalyFit {
  readonly seed: number
  readonly epochs: number
  /** Steps in an epoch, as far as `batchRows` allows. */
  readonly steps: number
  /** Both multiples of `ROW_UNIT` up to `MOST_TAUGHT_ROWS`, as in `fit.ts`. */
  readonly batchRows: { readonly least: number; readonly most: number }
  readonly learningRate: number
  readonly patience: number
  /** Chance that a channel of a row is blanked. */
  readonly blankShare: number
}

export const ANOMALY_FIT: Omit<AnomalyFit, 'seed'> = {
  epochs: 60,
  steps: 32,
  batchRows: { least: 48, most: MOST_TAUGHT_ROWS },
  learningRate: 0.01,
  patience: 4,
  blankShare: 0.25,
}

/** An epoch is better when its loss is lower by this share: the last hundredths are not worth the time. */
const LEAST_GAIN = 0.01

/** Rows that stop the fit; of more every n-th is taken. */
const STOP_ROWS = 20_000

interface Rows {
  readonly teach: Int32Array
  readonly stop: Int32Array
}

/** @throws Failure `input` when there is no finite loss, or it was stopped before the first epoch was judged */
export async function fitAutoencoder(
  backend: Backend,
  dataset: Dataset,
  inputs: Inputs,
  { teach, stop }: Rows,
  options: AnomalyFit,
  watch: Watch,
): Promise<Fitted> {
  requireNative(backend)
  const { tf } = backend
  const { seed, epochs, patience, batchRows, steps } = options
  const network = buildAutoencoder(tf, inputs.names.length, seed)
  network.compile({ optimizer: tf.train.adam(options.learningRate), loss: 'meanSquaredError' })
  const batch = Math.max(batchRows.least, Math.min(batchRows.most, wholeRows(teach.length / steps)))
  const deck = makeDeck(dataset, inputs, teach, 0, seed)
  const blank = blanker(inputs, options.blankShare, createRandom(seed, 'blank'))
  const heldOutLoss = judgeOf(backend, dataset, inputs, everyNth(stop, STOP_ROWS))
  const learnedLoss = judgeOf(backend, dataset, inputs, everyNth(teach, LEARNED_ROWS))
  const losses: Losses = { loss: [], heldOutLoss: [] }
  let best = { epoch: 0, loss: Number.POSITIVE_INFINITY, weights: [] as Tensor[] }
  let interrupted = false
  for (let epoch = 1; epoch <= epochs && epoch - best.epoch <= patience; epoch++) {
    interrupted = await runEpoch(backend, network, deck, blank, batch, watch)
    if (interrupted) break
    const loss = heldOutLoss(network)
    noteEpoch(losses, learnedLoss(network), loss)
    watch.onEpoch({ epoch, of: epochs, loss })
    if (!(loss < best.loss * (1 - LEAST_GAIN)) && !(best.epoch === 0 && Number.isFinite(loss))) continue
    tf.dispose(best.weights)
    best = { epoch, loss, weights: network.getWeights().map((tensor) => tensor.clone()) }
  }
  network.optimizer.dispose()
  if (best.epoch === 0) {
    network.dispose()
    throw interrupted
      ? failure('input', 'stopped before the first epoch was over: there is no net to keep')
      : failure('input', 'training came to no finite loss; are there absurd values in the readings?')
  }
  network.setWeights(best.weights)
  tf.dispose(best.weights)
  return { network, epochs: best.epoch, interrupted, losses }
}

/** @returns true when it was stopped on the way */
async function runEpoch(
  { tf }: Backend,
  network: LayersModel,
  deck: Deck,
  blank: (whole: Float32Array, rows: number) => Float32Array,
  batchSize: number,
  watch: Watch,
): Promise<boolean> {
  for (const { rows, inputs } of deck.deal()) {
    if (await watch.stopped()) return true
    const width = inputs.length / rows
    const shape: [number, number] = [wholeRows(rows), width]
    const x = tf.tensor2d(filledUp(blank(inputs, rows), rows), shape)
    const y = tf.tensor2d(filledUp(inputs, rows), shape)
    try {
      // The deck is shuffled already, by a generator of ours: fit's own shuffle can't be seeded.
      await network.fit(x, y, { batchSize, epochs: 1, shuffle: false, verbose: 0, yieldEvery: 'never' })
    } finally {
      tf.dispose([x, y])
    }
  }
  return false
}

/** Of a lone channel nothing would be left to tell it from. */
function blanker(inputs: Inputs, share: number, random: Random) {
  const channels = channelColumns(inputs)
  const width = inputs.names.length
  return (whole: Float32Array, rows: number): Float32Array => {
    const blanked = whole.slice()
    for (let row = 0; channels.length > 1 && row < rows; row++) {
      if (random.uniform() >= share) continue
      for (const column of channels[random.below(channels.length)]!) blanked[row * width + column] = 0
    }
    return blanked
  }
}

/** @returns a net's mean squared error on the rows */
function judgeOf(
  { tf }: Backend,
  dataset: Dataset,
  inputs: Inputs,
  rows: Int32Array,
): (network: LayersModel) => number {
  const width = inputs.names.length
  const shape: [number, number] = [wholeRows(rows.length), width]
  const whole = new Float32Array(shape[0] * width)
  const taken = whole.subarray(0, rows.length * width)
  preparer(dataset, inputs, rows)(Int32Array.from(rows.keys()), taken)
  return (network) => {
    const made = numbersOf(tf, () => predictRisk(network, tf.tensor2d(whole, shape), MOST_PREDICTED_ROWS))
    return taken.reduce((sum, value, i) => sum + (value - made[i]!) ** 2, 0) / taken.length
  }
}
