/**
 * Why a net scores as it does: integrated gradients (M. Sundararajan, A. Taly, Q. Yan, "Axiomatic Attribution for Deep
 * Networks", ICML 2017). Each input's part is its distance from the baseline times the mean gradient on the straight
 * way from there; the parts add up to what the net gives here less what it gives there.
 *
 * Baseline: all inputs 0, which behind the scaler is the mean of the training data. Explained are the log-odds, before
 * calibration. A net of ReLUs (all that `train` makes) bends at places on the way that can be reckoned, so its integral
 * is exact: the wide products with the first layer are two calls of the backend for all rows, `relu-way.ts` does what
 * lies between. Other nets are integrated in steps (`explain-steps.ts`).
 */
import type { Backend, TensorFlow } from './backend.ts'
import { stepExplainer } from './explain-steps.ts'
import { logOddsFiles } from './log-odds.ts'
import { loadNetwork, type NetworkFiles, numbersOf } from './network.ts'
import { type ReluStack, reluStacks } from './relu-stack.ts'
import { createWay } from './relu-way.ts'
import { wholeRows } from './rows.ts'

export interface Explainer {
  /**
   * @param inputs row-major [rows × inputs], as the net takes them; more may stand behind
   * @returns row-major [rows × inputs]; each row adds up to its log-odds less those of the baseline
   * @throws Failure `model` when weights are not finite
   */
  parts(inputs: Float32Array, rows: number): Float64Array
  dispose(): void
}

/**
 * @param width inputs of the net
 * @throws Failure `model` when the files do not make such a net
 */
export async function createExplainer(
  { tf }: Backend,
  name: string,
  files: NetworkFiles,
  width: number,
): Promise<Explainer> {
  // A net that ends otherwise is explained in its own output.
  const network = await loadNetwork(tf, logOddsFiles(files) ?? files, width)
  const stacks = reluStacks(network)
  if (stacks !== null) {
    network.dispose()
    return exactExplainer(tf, stacks, width)
  }
  return { ...stepExplainer(tf, name, network, width), dispose: () => void network.dispose() }
}

/** @param stacks nets of which the mean is explained */
function exactExplainer(tf: TensorFlow, stacks: readonly ReluStack[], width: number): Explainer {
  const units = stacks.reduce((sum, { first }) => sum + first.units, 0)
  const first = tf.tensor2d(besideEachOther(stacks, width, units), [width, units])
  const ways = stacks.map(createWay)

  /** Rows times the first layers' kernels, or the other way round. */
  function product(numbers: Float32Array, columns: number, isBack: boolean): ArrayLike<number> {
    const shape: [number, number] = [numbers.length / columns, columns]
    return numbersOf(tf, () => tf.matMul(tf.tensor2d(numbers, shape), first, false, isBack))
  }

  return {
    parts(inputs, rows) {
      const parts = new Float64Array(rows * width)
      if (rows === 0) return parts
      const padded = wholeRows(rows)
      const taken = new Float32Array(padded * width)
      taken.set(inputs.subarray(0, rows * width))
      const reached = Float64Array.from(product(taken, width, false))
      const gradients = new Float32Array(padded * units)
      for (let row = 0; row < rows; row++) {
        let at = row * units
        for (const way of ways) {
          const end = at + way.units
          way.addMeanGradient(reached.subarray(at, end), gradients.subarray(at, end), 1 / ways.length)
          at = end
        }
      }
      const slopes = product(gradients, units, true)
      for (let i = 0; i < parts.length; i++) {
        parts[i] = slopes[i]! * taken[i]!
      }
      return parts
    },
    dispose: () => first.dispose(),
  }
}

/** The kernels of the first layers as one, row-major [width × units of all]. */
function besideEachOther(stacks: readonly ReluStack[], width: number, units: number): Float32Array {
  const kernel = new Float32Array(width * units)
  let column = 0
  for (const { first } of stacks) {
    for (let row = 0; row < width; row++) {
      kernel.set(first.kernel.subarray(row * first.units, (row + 1) * first.units), row * units + column)
    }
    column += first.units
  }
  return kernel
}
