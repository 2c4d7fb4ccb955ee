/** A million predictions: no tensor and no memory is left behind. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '../../simulators/random.ts'
import type { Scorer } from '../../src/core/ports.ts'
import { type Backend, loadBackend } from '../../src/model/backend.ts'
import { createScorer } from '../../src/model/scorer.ts'
import { FEATURES, smallInputs, smallNetwork } from '../support/small-model.ts'

const PREDICTIONS = 1_000_000
/** Before it, pools and compiled code still grow. */
const WARM_UP = 100_000
/** Sizes that batches of the log have, padded and not, more than one tensor among them. */
const SIZES = [1, 7, 64, 500, 512, 1000, 5000]
const MIB = 1024 * 1024

describe('a million predictions', () => {
  let backend: Backend
  let scorer: Scorer
  beforeAll(async () => {
    backend = await loadBackend()
    const files = await smallNetwork(backend, 1)
    scorer = await createScorer(backend, { name: 'small', inputs: smallInputs(1), files, calibration: null })
  })
  afterAll(() => scorer.dispose())

  it('leave the number of tensors and the memory as they were', { timeout: 600_000 }, () => {
    const random = createRandom(1, 'predictions')
    const vectors = Float64Array.from({ length: 5000 * FEATURES.length }, () => random.between(-60, 60))
    const run = (predictions: number) => {
      let done = 0
      let sum = 0
      for (let call = 0; done < predictions; call++) {
        const rows = SIZES[call % SIZES.length]!
        sum += scorer.score(vectors.subarray(0, rows * FEATURES.length), rows)[rows - 1]!
        done += rows
      }
      return { done, sum }
    }
    run(WARM_UP)
    const before = { ...backend.tf.memory() }
    const used = process.memoryUsage()
    const { done, sum } = run(PREDICTIONS)
    const after = backend.tf.memory()
    expect(done).toBeGreaterThanOrEqual(PREDICTIONS)
    expect(sum).toBeGreaterThan(0)
    expect(after.numTensors).toBe(before.numTensors)
    expect(after.numBytes).toBe(before.numBytes)
    const grown = process.memoryUsage().rss - used.rss
    console.log(
      `${done} predictions: ${after.numTensors} tensors before and after, ${(grown / MIB).toFixed(1)} MiB grown`,
    )
    // A leak of one row's result each would be 8 MiB, of one tensor's bookkeeping each 100 MiB and more.
    expect(grown).toBeLessThan(64 * MIB)
  })
})
