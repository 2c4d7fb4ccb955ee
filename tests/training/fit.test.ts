import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { isFailure } from '../../src/core/errors.ts'
import { type Backend, loadBackend } from '../../src/model/backend.ts'
import { type NetworkFiles, networkFiles } from '../../src/model/network.ts'
import { MOST_TAUGHT_ROWS } from '../../src/model/rows.ts'
import { createScorer } from '../../src/model/scorer.ts'
import { usedRows } from '../../src/training/dataset.ts'
import { FIT_DEFAULTS, fitNetwork, outputsOf, requireNative } from '../../src/training/fit.ts'
import { curve, prAuc } from '../../src/training/metrics.ts'
import { fitInputs, PLAIN_PREPARATION } from '../../src/training/prepare.ts'
import { splitAssets } from '../../src/training/split.ts'
import { ruleScores, tuneThreshold } from '../../src/training/threshold.ts'
import { requires } from '../support/requires.ts'
import { everyAsset, toyDataset } from '../support/toy-dataset.ts'

const OPTIONS = {
  ...FIT_DEFAULTS,
  seed: 1,
  hidden: [8],
  epochs: 12,
  batchRows: 120,
  learningRate: 0.01,
  blankShare: 0,
}

/** Of a fit of three epochs: made on AMD Zen 4, and on Intel Haswell and AMD Zen 2 as QEMU emulates them. */
const WEIGHTS = 'b93e2b767d7ec8518927489b41c80d79d5b8da564aa542a3cb47aa9009c0a082'

describe.skipIf(requires('native').missing)('a fit', () => {
  const dataset = toyDataset(20)
  const [teach, judge] = splitAssets(dataset, [0.8, 0.2], 1).map((part) => usedRows(dataset, part))
  const inputs = fitInputs(dataset, teach!, PLAIN_PREPARATION)
  const quiet = { onEpoch() {}, stopped: async () => false }
  const losses: number[] = []
  let backend: Backend

  async function fitted(change: Partial<typeof OPTIONS> = {}): Promise<NetworkFiles> {
    const rows = { teach: teach!, judge: judge! }
    const { network } = await fitNetwork(
      backend,
      dataset,
      inputs,
      rows,
      { ...OPTIONS, ...change },
      { ...quiet, onEpoch: ({ loss }) => losses.push(loss) },
    )
    const files = await networkFiles(backend.tf, network)
    network.dispose()
    return files
  }

  beforeAll(async () => {
    backend = await loadBackend()
  })

  it('learns what a limit on one statistic cannot tell', async () => {
    const files = await fitted({ epochs: 60, patience: 60, learningRate: 0.05, batchRows: MOST_TAUGHT_ROWS })
    const scorer = await createScorer(backend, { name: 'toy', inputs, files, calibration: null })
    const other = toyDataset(10, 2)
    const rows = usedRows(other, everyAsset(other))
    const positive = Uint8Array.from(rows, (row) => other.target[row]!)
    const rule = tuneThreshold(dataset, teach!)
    const area = (scores: Float64Array) => prAuc(curve(scores, positive))
    expect(area(scorer.score(other.vectors, other.rows))).toBeGreaterThan(0.95)
    expect(area(ruleScores(other, rows, rule.column, rule.side))).toBeLessThan(0.5)
    scorer.dispose()
  })

  it('gives the same bytes for the same data and seed, and others for another seed', async () => {
    const one = await fitted({ epochs: 3 })
    expect(Buffer.compare((await fitted({ epochs: 3 })).weights, one.weights)).toBe(0)
    expect(Buffer.compare((await fitted({ epochs: 3, seed: 2 })).weights, one.weights)).not.toBe(0)
    expect(Buffer.compare((await fitted({ epochs: 3, blankShare: 0.5 })).weights, one.weights)).not.toBe(0)
  })

  it('gives these bytes, on whatever processor', async ({ skip }) => {
    skip(
      !backend.version.startsWith('2.15.'),
      `the bytes are those of libtensorflow 2.15, not of ${backend.version}`,
    )
    const { weights } = await fitted({
      epochs: 3,
      batchRows: MOST_TAUGHT_ROWS,
      hidden: [16, 8],
      blankShare: 0.15,
    })
    expect(createHash('sha256').update(weights).digest('hex')).toBe(WEIGHTS)
  })

  it('keeps the best epoch and stops when patience is over', async () => {
    losses.length = 0
    await fitted({ epochs: 60, learningRate: 0.2, patience: 2, batchRows: MOST_TAUGHT_ROWS })
    const best = losses.indexOf(Math.min(...losses))
    expect(losses.length - 1 - best).toBe(2)
    const rows = { teach: teach!, judge: judge! }
    const options = { ...OPTIONS, epochs: 60, learningRate: 0.2, patience: 2, batchRows: MOST_TAUGHT_ROWS }
    const {
      network,
      epochs,
      losses: noted,
    } = await fitNetwork(backend, dataset, inputs, rows, options, quiet)
    expect(epochs).toBe(best + 1)
    expect(noted.heldOutLoss).toEqual(losses.map((loss) => Number(loss.toPrecision(5))))
    expect(noted.loss).toHaveLength(losses.length)
    // The net is the one of that epoch, and what taught it is told from what stopped it.
    const own = outputsOf(backend, dataset, inputs, teach!)(network)
    const weight =
      (teach!.filter((row) => dataset.target[row] === 0).length / positives(teach!)) ** OPTIONS.balance
    expect(weightedLoss(own, teach!, weight)).toBeCloseTo(noted.loss[best]!, 4)
    network.dispose()
  })

  const positives = (rows: Int32Array) => rows.filter((row) => dataset.target[row] === 1).length
  function weightedLoss(risks: Float64Array, rows: Int32Array, weight: number): number {
    const shares = [...rows].map((row) => (dataset.target[row] === 1 ? weight : 1))
    const sum = shares.reduce((total, share, i) => {
      const chance = dataset.target[rows[i]!] === 1 ? risks[i]! : 1 - risks[i]!
      return total - share * Math.log(chance)
    }, 0)
    return sum / shares.reduce((total, share) => total + share, 0)
  }

  it('stopped by hand keeps the best epoch so far, and nothing when there is none', async () => {
    const rows = { teach: teach!, judge: judge! }
    const until = (epochs: number) => {
      let seen = 0
      return { onEpoch: () => seen++, stopped: async () => seen >= epochs }
    }
    const kept = await fitNetwork(backend, dataset, inputs, rows, OPTIONS, until(2))
    expect(kept).toMatchObject({ interrupted: true, epochs: 2 })
    kept.network.dispose()
    const whole = fitted({ epochs: 2 })
    expect((await whole).weights).toBeDefined()
    const before = backend.tf.memory().numTensors
    await expect(fitNetwork(backend, dataset, inputs, rows, OPTIONS, until(0))).rejects.toThrow(
      'stopped before the first epoch was over',
    )
    expect(backend.tf.memory().numTensors).toBeLessThanOrEqual(before)
  })

  it('leaves no tensor behind', async () => {
    await fitted({ epochs: 1 })
    const before = backend.tf.memory().numTensors
    await fitted({ epochs: 3 })
    expect(backend.tf.memory().numTensors).toBe(before)
  })
})

describe('without the native backend', () => {
  it('training is refused, with the reason and what to do', async () => {
    const { tf } = await loadBackend()
    const wasm: Backend = { tf, name: 'wasm', version: '4.22.0', reason: 'no library here' }
    const refused = () => requireNative(wasm)
    expect(refused).toThrow(
      'training needs the native TensorFlow backend, and this machine runs on wasm (no library here)',
    )
    try {
      refused()
    } catch (error) {
      expect(isFailure(error, 'unavailable')).toBe(true)
    }
  })
})
