/**
 * Serves an anomaly model: raw feature vectors in, one score each out, 0.5 where the autoencoder's squared error or its
 * companion's statistic reaches its limit, whichever is further. The rows of a batch go through the net as one padded
 * tensor, as in `scorer.ts`; what follows is computed row by row, so the bits hang on nobody's company (law 3).
 */
import { failure } from '../core/errors.ts'
import type { Scorer } from '../core/ports.ts'
import { type AnomalyLimits, anomalyScore, linearModel } from './anomaly.ts'
import { createExaminer, type Examined } from './autoencoder.ts'
import type { Backend } from './backend.ts'
import type { Inputs } from './inputs.ts'
import type { NetworkFiles } from './network.ts'
import { addToSources, sixDecimals } from './scorer.ts'

/** What an anomaly scorer is made of. */
export interface AnomalyNet {
  /** Of the model, for messages. */
  readonly name: string
  readonly inputs: Inputs
  readonly files: NetworkFiles
  readonly anomaly: AnomalyLimits
}

/** Nothing that could be shared out: the window is what the net makes of it. */
const LEAST_SUM = 1e-12

/** @throws Failure `model` when the files do not make a net that fits the steps */
export async function createAnomalyScorer(backend: Backend, net: AnomalyNet): Promise<Scorer> {
  const { name, inputs, files, anomaly } = net
  const features = inputs.features.length
  const examiner = await createExaminer(backend, inputs, files)
  const linear = linearModel(anomaly.companion)
  const { t2, q, limit } = anomaly.companion

  /** Each statistic over its limit. */
  function ratios({ inputs, known, squares }: Examined): { readonly net: number; readonly linear: number } {
    const far = linear.distances(inputs, known)
    return { net: sumOf(squares) / anomaly.limit, linear: (far.t2 / t2 + far.q / q) / limit }
  }

  function check(vectors: Float64Array, rows: number): void {
    if (vectors.length === rows * features) return
    throw failure('model', `${name}: ${vectors.length} numbers are not ${rows} rows of ${features} features`)
  }

  return {
    score(vectors, rows) {
      check(vectors, rows)
      const scores = new Float64Array(rows)
      examiner.examine(vectors, rows, (row, examined) => {
        const ratio = ratios(examined)
        scores[row] = sixDecimals(anomalyScore(Math.max(ratio.net, ratio.linear)), name)
      })
      return scores
    },
    /** Shares in the statistic that rules the score: the net's squared error, or the companion's. */
    explain(vectors, rows) {
      check(vectors, rows)
      const shares = new Float64Array(rows * features)
      examiner.examine(vectors, rows, (row, examined) => {
        const ratio = ratios(examined)
        const parts =
          ratio.net >= ratio.linear ? examined.squares : linear.parts(examined.inputs, examined.known)
        const sum = sumOf(parts)
        if (!(sum > LEAST_SUM)) return
        const own = parts.map((part) => part / sum)
        addToSources(own, inputs, shares.subarray(row * features, (row + 1) * features))
      })
      return shares
    },
    dispose: examiner.dispose,
  }
}

function sumOf(numbers: Float64Array): number {
  return numbers.reduce((sum, value) => sum + value, 0)
}
