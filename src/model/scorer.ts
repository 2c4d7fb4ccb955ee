/**
 * Serves a net: raw feature vectors in, one risk each out (steps, net, calibration, six decimals). All windows that a batch of the log closed come at
 * once and go through as one padded tensor (`core/ports.ts` has the contract, design 5 the place in the flow).
 */
import type { LayersModel } from '@tensorflow/tfjs'
import { failure } from '../core/errors.ts'
import type { Scorer } from '../core/ports.ts'
import type { Backend } from './backend.ts'
import { type Calibration, calibrator } from './calibration.ts'
import { createExplainer } from './explain.ts'
import { type Inputs, prepareRows } from './inputs.ts'
import { loadNetwork, type NetworkFiles, numbersOf, outputOf } from './network.ts'
import { MOST_PREDICTED_ROWS, ROW_UNIT, wholeRows } from './rows.ts'

/** What a scorer is made of. */
export interface ScoredNet {
  /** Of the model, for messages. */
  readonly name: string
  readonly inputs: Inputs
  readonly files: NetworkFiles
  readonly calibration: Calibration
}

/** @throws Failure `model` when the files do not make a net that takes as many inputs as the steps make */
export async function createScorer(backend: Backend, net: ScoredNet): Promise<Scorer> {
  const { name, inputs, files } = net
  const features = inputs.features.length
  const width = inputs.names.length
  const network = await loadNetwork(backend.tf, files, width)
  const explainer = await createExplainer(backend, name, files, width)
  const calibrated = calibrator(net.calibration)
  // One buffer for the life of the scorer: a call is over before the next one begins.
  let pool = new Float32Array(ROW_UNIT * width)
  return {
    score(vectors, rows) {
      if (vectors.length !== rows * features) {
        throw failure(
          'model',
          `${name}: ${vectors.length} numbers are not ${rows} rows of ${features} features`,
        )
      }
      const scores = new Float64Array(rows)
      for (let from = 0; from < rows; from += MOST_PREDICTED_ROWS) {
        const count = Math.min(MOST_PREDICTED_ROWS, rows - from)
        const padded = wholeRows(count)
        if (pool.length < padded * width) pool = new Float32Array(padded * width)
        prepareRows(inputs, vectors, from, count, pool)
        pool.fill(0, count * width, padded * width)
        const risks = infer(backend, network, pool.subarray(0, padded * width), padded, width)
        for (let i = 0; i < count; i++) scores[from + i] = sixDecimals(calibrated(risks[i]!), name)
      }
      return scores
    },
    explain(vectors, rows) {
      const shares = new Float64Array(rows * features)
      for (let from = 0; from < rows; from += MOST_PREDICTED_ROWS) {
        const count = Math.min(MOST_PREDICTED_ROWS, rows - from)
        if (pool.length < count * width) pool = new Float32Array(count * width)
        prepareRows(inputs, vectors, from, count, pool)
        const parts = explainer.parts(pool, count)
        for (let row = 0; row < count; row++) {
          addToSources(parts.subarray(row * width), inputs, shares.subarray((from + row) * features))
        }
      }
      for (let row = 0; row < rows; row++) asShares(shares.subarray(row * features, (row + 1) * features))
      return shares
    },
    dispose() {
      explainer.dispose()
      network.dispose()
    },
  }
}

/** The part of each input goes to the features that it comes from, alike to each. */
export function addToSources(parts: Float64Array, { sources }: Inputs, features: Float64Array): void {
  sources.forEach((from, input) => {
    for (const source of from) features[source]! += parts[input]! / from.length
  })
}

/** Parts that add up to less, in log-odds, are no difference that could be shared out. */
const LEAST_DIFFERENCE = 1e-3

/** Parts → shares that add up to 1, in place; + 0 makes a 0 of a -0. */
function asShares(parts: Float64Array): void {
  const sum = parts.reduce((total, part) => total + part, 0)
  if (Math.abs(sum) < LEAST_DIFFERENCE) parts.fill(0)
  else for (let i = 0; i < parts.length; i++) parts[i] = parts[i]! / sum + 0
}

function infer(
  { tf }: Backend,
  network: LayersModel,
  inputs: Float32Array,
  rows: number,
  width: number,
): ArrayLike<number> {
  return numbersOf(tf, () => outputOf(network, tf.tensor2d(inputs, [rows, width])))
}

/** Published scores have six decimals; everything behind reads the rounded one (law 3). */
export function sixDecimals(risk: number, name: string): number {
  if (Number.isNaN(risk)) throw failure('model', `${name} gives no number: its weights are not finite`)
  return Math.round(risk * 1e6) / 1e6
}
