/**
 * Fits the net: seeded order of rows, weighted classes, and an early stop by machines that do not teach. The same
 * rows, options and backend build give the same weights, bit by bit; `model/rows.ts` has why other processors give them too.
 */
import type { LayersModel, Tensor } from '@tensorflow/tfjs'
import { failure } from '../core/errors.ts'
import type { Backend } from '../model/backend.ts'
import type { Inputs } from '../model/inputs.ts'
import { buildNetwork, predictRisk } from '../model/network.ts'
import { MOST_PREDICTED_ROWS, MOST_TAUGHT_ROWS, wholeRows } from '../model/rows.ts'
import { countPositive, type Dataset } from './dataset.ts'
import { type Deck, filledUp, makeDeck, preparer } from './deck.ts'
import { everyNth, LEARNED_ROWS, type Losses, noteEpoch } from './history.ts'
import { POSITIVE } from './horizon.ts'

export interface FitOptions {
  readonly hidden: readonly number[]
  readonly l2: number
  readonly seed: number
  readonly epochs: number
  /** A multiple of `ROW_UNIT`, up to `MOST_TAUGHT_ROWS`: so the weights are the same on every processor. */
  readonly batchRows: number
  readonly learningRate: number
  /** Epochs without a better loss on the judging machines after which it stops. */
  readonly patience: number
  /** See `deck.ts`. */
  readonly blankShare: number
  /** Failing windows weigh (negative / positive) to this power: 0 = like all others, 1 = both classes alike. */
  readonly balance: number
}

export const FIT_DEFAULTS: Omit<FitOptions, 'seed'> = {
  hidden: [32, 16],
  l2: 1e-5,
  epochs: 40,
  batchRows: MOST_TAUGHT_ROWS,
  learningRate: 0.003,
  patience: 5,
  blankShare: 0.15,
  balance: 0.25,
}

/** Told after each epoch. */
export interface Epoch {
  readonly epoch: number
  /** Most epochs that there can be. */
  readonly of: number
  /** Weighted mean log loss on the judging machines. */
  readonly loss: number
}

/** How a fit talks to whoever started it. */
export interface Watch {
  /** Told after each epoch. */
  onEpoch(epoch: Epoch): void
  /** Awaited between hands of rows, so that signals get through. @returns true to stop with the best so far */
  stopped(): Promise<boolean>
}

export interface Fitted {
  /** With the weights of the best epoch; the caller disposes of it. */
  readonly network: LayersModel
  /** Number of the best epoch. */
  readonly epochs: number
  readonly interrupted: boolean
  readonly losses: Losses
}

/** @throws Failure `unavailable` when the backend is not the native one */
export function requireNative({ name, reason }: Backend): void {
  if (name === 'tensorflow') return
  throw failure(
    'unavailable',
    `training needs the native TensorFlow backend, and this machine runs on ${name} (${reason}); ` +
      '`forewarn doctor` says how to bring it',
  )
}

/**
 * @param teach rows that the net learns from
 * @param judge rows of other machines, by which it stops
 * @throws Failure `input` when there is no finite loss, or it was stopped before the first epoch was judged
 */
export async function fitNetwork(
  backend: Backend,
  dataset: Dataset,
  inputs: Inputs,
  { teach, judge }: { readonly teach: Int32Array; readonly judge: Int32Array },
  options: FitOptions,
  watch: Watch,
): Promise<Fitted> {
  requireNative(backend)
  const { tf } = backend
  const { hidden, l2, seed, learningRate, epochs, patience } = options
  const network = buildNetwork(tf, { inputs: inputs.names.length, hidden, l2, seed })
  network.compile({ optimizer: tf.train.adam(learningRate), loss: 'binaryCrossentropy' })
  const weight = positiveWeight(dataset, teach, options.balance)
  const deck = makeDeck(dataset, inputs, teach, options.blankShare, seed)
  const lossOn = (rows: Int32Array) => {
    const outputs = outputsOf(backend, dataset, inputs, rows)
    return () => logLoss(outputs(network), dataset, rows, weight)
  }
  const heldOutLoss = lossOn(judge)
  const learnedLoss = lossOn(everyNth(teach, LEARNED_ROWS))
  const losses: Losses = { loss: [], heldOutLoss: [] }
  let best = { epoch: 0, loss: Number.POSITIVE_INFINITY, weights: [] as Tensor[] }
  let interrupted = false
  for (let epoch = 1; epoch <= epochs && epoch - best.epoch <= patience; epoch++) {
    interrupted = await runEpoch(backend, network, deck, weight, options.batchRows, watch)
    if (interrupted) break
    const loss = heldOutLoss()
    noteEpoch(losses, learnedLoss(), loss)
    watch.onEpoch({ epoch, of: epochs, loss })
    if (!(loss < best.loss)) continue
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

/** Failing windows are rare: weighted a little they are heard, weighted fully they would cry wolf. */
function positiveWeight(dataset: Dataset, rows: Int32Array, balance: number): number {
  const positive = countPositive(dataset, rows)
  return Math.max(1, (rows.length - positive) / Math.max(1, positive)) ** balance
}

/** @returns true when it was stopped on the way */
async function runEpoch(
  { tf }: Backend,
  network: LayersModel,
  deck: Deck,
  weight: number,
  batchSize: number,
  watch: Watch,
): Promise<boolean> {
  for (const { rows, inputs, targets } of deck.deal()) {
    if (await watch.stopped()) return true
    const x = tf.tensor2d(filledUp(inputs, rows), [wholeRows(rows), inputs.length / rows])
    const y = tf.tensor2d(filledUp(targets, rows), [wholeRows(rows), 1])
    try {
      await network.fit(x, y, {
        batchSize,
        epochs: 1,
        // The deck is shuffled already, by a generator of ours: fit's own shuffle can't be seeded.
        shuffle: false,
        classWeight: { 0: 1, 1: weight },
        verbose: 0,
        yieldEvery: 'never',
      })
    } finally {
      tf.dispose([x, y])
    }
  }
  return false
}

/** Rows that are made ready at once. */
const JUDGE_ROWS = 16 * MOST_PREDICTED_ROWS

/** @returns a net's output for the rows, before calibration */
export function outputsOf(
  { tf }: Backend,
  dataset: Dataset,
  inputs: Inputs,
  rows: Int32Array,
): (network: LayersModel) => Float64Array {
  const width = inputs.names.length
  const prepare = preparer(dataset, inputs, rows)
  const places = Int32Array.from(rows.keys())
  const pool = new Float32Array(Math.min(JUDGE_ROWS, wholeRows(rows.length)) * width)
  return (network) => {
    const risks = new Float64Array(rows.length)
    for (let from = 0; from < rows.length; from += JUDGE_ROWS) {
      const some = places.subarray(from, from + JUDGE_ROWS)
      const whole = wholeRows(some.length)
      prepare(some, pool)
      pool.fill(0, some.length * width, whole * width)
      const found = tf.tidy(() => {
        const x = tf.tensor2d(pool.subarray(0, whole * width), [whole, width])
        return predictRisk(network, x, MOST_PREDICTED_ROWS).dataSync()
      })
      risks.set(found.subarray(0, some.length), from)
    }
    return risks
  }
}

/** Keeps a certain and wrong answer from an infinite loss; tfjs uses the same. */
const LEAST_CHANCE = 1e-7

function logLoss(risks: ArrayLike<number>, dataset: Dataset, rows: Int32Array, weight: number): number {
  let sum = 0
  let weights = 0
  for (let i = 0; i < rows.length; i++) {
    const positive = dataset.target[rows[i]!] === POSITIVE
    const chance = Math.min(1 - LEAST_CHANCE, Math.max(LEAST_CHANCE, risks[i]!))
    const share = positive ? weight : 1
    sum -= share * Math.log(positive ? chance : 1 - chance)
    weights += share
  }
  return sum / weights
}
