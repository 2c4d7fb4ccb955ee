/** Logistic regression on the very inputs that the net gets: what its hidden layers are measured by. */
import type { Scorer } from '../core/ports.ts'
import { type Inputs, prepareRows } from '../model/inputs.ts'
import type { Dataset } from './dataset.ts'
import { preparedRows } from './deck.ts'
import { POSITIVE } from './horizon.ts'
import { fitLogistic, logisticScores } from './logistic.ts'

/** Rows that it is fitted on, spread evenly over all that teach. */
const FITTED_ROWS = 50_000
/** Scikit-learn's default. */
const C = 1

/** @param rows of the machines that teach */
export function logisticBaseline(dataset: Dataset, inputs: Inputs, rows: Int32Array): Scorer {
  const stride = Math.max(1, Math.ceil(rows.length / FITTED_ROWS))
  const some = rows.filter((_, i) => i % stride === 0)
  const width = inputs.names.length
  const prepared = new Float32Array(some.length * width)
  preparedRows(dataset, inputs, some, prepared)
  const positive = Uint8Array.from(some, (row) => (dataset.target[row] === POSITIVE ? 1 : 0))
  const fitted = fitLogistic(prepared, positive, width, { c: C })
  return {
    score(vectors, count) {
      const own = new Float32Array(count * width)
      prepareRows(inputs, vectors, 0, count, own)
      return logisticScores(fitted, own, count)
    },
    dispose() {},
  }
}
