import { beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '../../simulators/random.ts'
import { type AnomalyLimits, anomalyScore } from '../../src/model/anomaly.ts'
import { createAnomalyScorer } from '../../src/model/anomaly-scorer.ts'
import { createExaminer } from '../../src/model/autoencoder.ts'
import { type Backend, loadBackend } from '../../src/model/backend.ts'
import { type Inputs, inputsOf, prepareRows } from '../../src/model/inputs.ts'
import { parseManifest } from '../../src/model/manifest.ts'
import type { NetworkFiles } from '../../src/model/network.ts'
import { type AnomalyModel, trainAnomalyModel } from '../../src/training/anomaly.ts'
import { anomalyCard } from '../../src/training/anomaly-card.ts'
import { ANOMALY_FIT } from '../../src/training/anomaly-fit.ts'
import { splitNormal } from '../../src/training/anomaly-split.ts'
import type { Dataset } from '../../src/training/dataset.ts'
import { NEGATIVE } from '../../src/training/horizon.ts'
import { PLAIN_PREPARATION } from '../../src/training/prepare.ts'
import { requires } from '../support/requires.ts'
import { everyAsset, toyDataset } from '../support/toy-dataset.ts'

const RULE = {
  ...{ rule: 'risk', above: 0.8, clearBelow: 0.6, severity: 'high' as const },
  ...{ onDelay: { windows: 2 }, offDelay: { windows: 6 } },
}
const LISTENER = { say() {}, progress() {}, stopped: async () => false }

/** The net in double precision, read straight from its two files. */
function plainSquares({ topology, weights }: NetworkFiles, inputs: Inputs, vectors: Float64Array) {
  const specs: readonly { shape: number[] }[] = JSON.parse(topology).weightsManifest[0].weights
  const numbers = new Float32Array(new Uint8Array(weights).buffer)
  const width = inputs.names.length
  const rows = vectors.length / width
  const scaled = new Float32Array(vectors.length)
  prepareRows(inputs, vectors, 0, rows, scaled)
  return Array.from({ length: rows }, (_, row) => {
    const own = Array.from(scaled.subarray(row * width, (row + 1) * width))
    let flow = own
    let at = 0
    for (let i = 0; i < specs.length; i += 2) {
      const [from = 0, units = 0] = specs[i]!.shape
      const kernel = numbers.subarray(at, at + from * units)
      const bias = numbers.subarray(at + from * units, at + from * units + units)
      at += from * units + units
      const before = flow
      flow = Array.from(bias, (start, unit) => {
        const sum = before.reduce((total, value, j) => total + value * kernel[j * units + unit]!, start)
        return i + 2 === specs.length ? sum : Math.tanh(sum)
      })
    }
    return own.map((value, i) => (value - flow[i]!) ** 2)
  })
}

/** T² / t2 + Q / q in plain sums. */
function plainStatistic({ companion }: AnomalyLimits, row: readonly number[]): number {
  const { mean, spread, axes, variance, t2, q } = companion
  const d = row.map((value, i) => (value - mean[i]!) / spread[i]!)
  const along = variance.map((_, k) => d.reduce((sum, value, i) => sum + value * axes[k * d.length + i]!, 0))
  const inside = along.reduce((sum, value, k) => sum + value ** 2 / variance[k]!, 0)
  const all = d.reduce((sum, value) => sum + value * value, 0)
  return inside / t2 + (all - along.reduce((sum, value) => sum + value * value, 0)) / q
}

describe.skipIf(requires('native').missing)('an anomaly model', () => {
  const dataset = toyDataset(10)
  let backend: Backend
  let made: AnomalyModel
  let inputs: Inputs

  const trained = (of: Dataset, seed = 1, epochs = 8) =>
    trainAnomalyModel(
      backend,
      of,
      {
        ...{ name: 'toy', version: '1.0.0', source: 'toy', licence: 'none', code: '0' },
        ...{ window: { sizeMs: 5000, hopMs: 5000 }, preparation: PLAIN_PREPARATION, rule: RULE },
        channels: ['load', 'heat'].map((name) => ({ name, unit: null })),
        horizon: { share: 0.6, beforeMs: null, afterMs: 0 },
        fit: { ...ANOMALY_FIT, steps: 12, epochs, seed },
      },
      LISTENER,
    )
  const scorerOf = ({ files, manifest }: AnomalyModel) =>
    createAnomalyScorer(backend, { name: 'toy', inputs, files, anomaly: manifest.anomaly! })

  beforeAll(async () => {
    backend = await loadBackend()
    made = await trained(dataset)
    inputs = inputsOf(made.manifest.features.names, made.manifest.steps)
  })

  it('tells windows whose heat the load does not explain from normal ones, and its card says how well', () => {
    const { heldOut } = made.manifest.anomaly!
    expect(heldOut.by).toBe('asset')
    expect(heldOut.model.prAuc).toBeGreaterThan(0.9)
    expect(heldOut.model.beyondLimit).toBeLessThan(0.02)
    expect(made.manifest.training).toMatchObject({ positiveRows: 0, assets: 6, validationAssets: 2 })
    const { epochs, history } = made.manifest.training
    expect(history).toHaveLength(1)
    const { kept, loss, heldOutLoss } = history![0]!
    expect(kept).toBe(epochs)
    expect(loss).toHaveLength(heldOutLoss.length)
    expect(loss[kept - 1]!).toBeLessThan(loss[0]!)
    const card = anomalyCard(made.manifest, 'forewarn train')
    expect(card).toContain(
      `- Kept: epoch ${kept} of ${loss.length}, loss ${loss[kept - 1]} on what taught and`,
    )
    expect(card).toContain(`| both, as served | ${Number((heldOut.model.beyondLimit * 100).toFixed(1))} % |`)
    expect(card).toContain(`| ${heldOut.model.prAuc} |`)
  })

  it('has the errors, statistic and score of plain arithmetic, and shares of what rules the score', async () => {
    const anomaly = made.manifest.anomaly!
    const vectors = toyDataset(2, 7).vectors
    const rows = vectors.length / 2
    const plain = plainSquares(made.files, inputs, vectors)
    const examiner = await createExaminer(backend, inputs, made.files)
    const scorer = await scorerOf(made)
    const scores = scorer.score(vectors, rows)
    const shares = scorer.explain!(vectors, rows)
    const ruled = { net: 0, linear: 0 }
    examiner.examine(vectors, rows, (row, { squares, inputs: prepared }) => {
      squares.forEach((square, i) => {
        expect(Math.abs(square - plain[row]![i]!)).toBeLessThan(1e-5 * Math.max(1, square))
      })
      const error = plain[row]![0]! + plain[row]![1]!
      const net = error / anomaly.limit
      const linear = plainStatistic(anomaly, [...prepared]) / anomaly.companion.limit
      expect(scores[row]).toBeCloseTo(anomalyScore(Math.max(net, linear)), 4)
      expect(shares[row * 2]! + shares[row * 2 + 1]!).toBeCloseTo(1, 9)
      ruled[net > linear ? 'net' : 'linear']++
      if (net > linear * 1.001) expect(shares[row * 2]).toBeCloseTo(plain[row]![0]! / error, 3)
    })
    expect(Math.min(ruled.net, ruled.linear)).toBeGreaterThan(0)
    expect([anomalyScore(0), anomalyScore(1), anomalyScore(Number.MAX_VALUE)]).toEqual([0, 0.5, 1])
    expect(anomalyScore(3)).toBeCloseTo(0.8, 2)
    examiner.dispose()
    scorer.dispose()
  })

  it('gives a row the same bits whoever shares the batch, with missing and absurd values too', async () => {
    const random = createRandom(3, 'rows')
    const vectors = Float64Array.from({ length: 2 * 300 }, () => {
      const odd = random.uniform()
      return odd < 0.1 ? Number.NaN : odd < 0.15 ? 1e300 : random.between(-100, 100)
    })
    const scorer = await scorerOf(made)
    const before = backend.tf.memory().numTensors
    const together = scorer.score(vectors, 300)
    const why = scorer.explain!(vectors, 300)
    for (const row of [0, 63, 64, 150, 299]) {
      const alone = vectors.subarray(row * 2, row * 2 + 2)
      expect(scorer.score(alone, 1)[0]).toBe(together[row])
      expect([...scorer.explain!(alone, 1)]).toEqual([...why.subarray(row * 2, row * 2 + 2)])
    }
    expect(Math.min(...together)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...together)).toBeLessThanOrEqual(1)
    expect(scorer.score(Float64Array.of(Number.NaN, Number.NaN), 1)[0]).toBe(0)
    expect(backend.tf.memory().numTensors).toBe(before)
    scorer.dispose()
  })

  it('is the same to the byte for the same data and seed, and another for another seed', async () => {
    const one = await trained(dataset, 1, 2)
    const same = await trained(dataset, 1, 2)
    expect(same.manifest).toEqual(one.manifest)
    expect(Buffer.compare(same.files.weights, one.files.weights)).toBe(0)
    const other = await trained(dataset, 2, 2)
    expect(Buffer.compare(other.files.weights, one.files.weights)).not.toBe(0)
  })

  it('keeps labelled windows from teaching, and splits a single asset by its time', () => {
    const split = splitNormal(dataset, 1)
    for (const row of [...split.teach, ...split.stop, ...split.judge])
      expect(dataset.target[row]).toBe(NEGATIVE)
    const owners = [split.teach, split.stop, split.judge].map(
      (rows) => new Set(Array.from(rows, (row) => dataset.asset[row])),
    )
    expect(owners.reduce((sum, { size }) => sum + size, 0)).toBe(everyAsset(dataset).size)
    const alone = splitNormal({ ...dataset, assets: ['one'], asset: new Int32Array(dataset.rows) }, 1)
    expect(alone.by).toBe('time')
    expect(alone.teach[alone.teach.length - 1]).toBeLessThan(alone.stop[0]!)
    expect(alone.stop[alone.stop.length - 1]).toBeLessThan(alone.judge[0]!)
    expect(() => splitNormal({ ...toyDataset(1), target: new Int8Array(100).fill(1) }, 1)).toThrow(
      '0 windows without a label; an anomaly model needs some 200',
    )
  })

  it.each<[string, (manifest: Record<string, unknown>) => Record<string, unknown>, string]>([
    ['without its section', ({ anomaly, ...rest }) => rest, 'anomaly is missing, and kind is anomaly'],
    ['of another kind', (manifest) => ({ ...manifest, kind: 'failure' }), 'kind failure has failureProb'],
    [
      'with a companion of another width',
      (manifest) => ({
        ...manifest,
        anomaly: {
          ...made.manifest.anomaly,
          companion: { ...made.manifest.anomaly!.companion, mean: [0] },
        },
      }),
      'anomaly.companion.mean has 1 numbers, 2 fit 2 inputs',
    ],
  ])('%s is refused', (_, change, message) => {
    const text = (manifest: object) => JSON.stringify(manifest)
    expect(parseManifest(text(made.manifest), 'here')).toEqual(made.manifest)
    expect(() => parseManifest(text(change({ ...made.manifest })), 'here')).toThrow(message)
  })
})
