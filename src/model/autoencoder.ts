/**
 * The net of an anomaly model: a dense autoencoder that says of a window's inputs what they would be if the window were
 * like those that taught. `examine` gives the squared error of each input, for training's limits and serving alike (law 6).
 */
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs'
import { attributeOf } from '../core/category.ts'
import type { Backend, TensorFlow } from './backend.ts'
import { type Inputs, prepareRows } from './inputs.ts'
import { loadNetwork, type NetworkFiles, numbersOf, outputOf } from './network.ts'
import { MOST_PREDICTED_ROWS, ROW_UNIT, wholeRows } from './rows.ts'

/** Units of the outer layers, and of the narrow one in the middle, for so many inputs. */
export function autoencoderUnits(inputs: number): readonly [outer: number, middle: number] {
  return [Math.max(4, Math.min(64, inputs)), Math.max(1, Math.min(16, Math.ceil(inputs / 4)))]
}

/** tanh: what lies far outside of the data that taught can't be followed, and so shows. */
export function buildAutoencoder(tf: TensorFlow, inputs: number, seed: number): LayersModel {
  const [outer, middle] = autoencoderUnits(inputs)
  const input = tf.input({ shape: [inputs], name: 'features' })
  let flow = input
  const layers = [outer, middle, outer, inputs]
  layers.forEach((units, i) => {
    const isLast = i === layers.length - 1
    const layer = tf.layers.dense({
      name: isLast ? 'reconstruction' : `hidden_${i + 1}`,
      units,
      activation: isLast ? 'linear' : 'tanh',
      kernelInitializer: tf.initializers.glorotUniform({ seed: seed + i }),
    })
    flow = layer.apply(flow) as SymbolicTensor
  })
  return tf.model({ inputs: input, outputs: flow, name: 'autoencoder' })
}

/** One window as the net sees it; the arrays are reused for the next one. */
export interface Examined {
  readonly inputs: Float32Array
  /** 1 = every feature that the input comes from has a value. */
  readonly known: Uint8Array
  /** Squared error of each input; 0 where it is not known. */
  readonly squares: Float64Array
}

export interface Examiner {
  /** @param vectors row-major [rows × features], raw; NaN = missing */
  examine(vectors: Float64Array, rows: number, visit: (row: number, examined: Examined) => void): void
  dispose(): void
}

/** @throws Failure `model` when the files make no net with as many inputs and outputs as the steps make */
export async function createExaminer(
  { tf }: Backend,
  inputs: Inputs,
  files: NetworkFiles,
): Promise<Examiner> {
  const width = inputs.names.length
  const features = inputs.features.length
  const network = await loadNetwork(tf, files, width, width)
  // An attribute's value that the model does not know has no code, but is no missing value.
  const needed = inputs.sources.map((from) => from.filter((at) => attributeOf(inputs.features[at]!) === null))
  const known = new Uint8Array(width)
  const squares = new Float64Array(width)
  let pool = new Float32Array(ROW_UNIT * width)
  return {
    examine(vectors, rows, visit) {
      for (let from = 0; from < rows; from += MOST_PREDICTED_ROWS) {
        const count = Math.min(MOST_PREDICTED_ROWS, rows - from)
        const padded = wholeRows(count)
        if (pool.length < padded * width) pool = new Float32Array(padded * width)
        prepareRows(inputs, vectors, from, count, pool)
        pool.fill(0, count * width, padded * width)
        const whole = pool.subarray(0, padded * width)
        const made = numbersOf(tf, () => outputOf(network, tf.tensor2d(whole, [padded, width])))
        for (let row = 0; row < count; row++) {
          const raw = (from + row) * features
          for (let i = 0; i < width; i++) {
            known[i] = needed[i]!.every((at) => Number.isFinite(vectors[raw + at]!)) ? 1 : 0
            squares[i] = known[i] === 1 ? (pool[row * width + i]! - made[row * width + i]!) ** 2 : 0
          }
          visit(from + row, { inputs: pool.subarray(row * width, (row + 1) * width), known, squares })
        }
      }
    },
    dispose: () => network.dispose(),
  }
}
