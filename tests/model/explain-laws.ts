/** What every explanation must hold, on whichever backend: the suite of `explain.test.ts` and `explain-wasm.test.ts`. */
import { readFileSync } from 'node:fs'
import type { SymbolicTensor, Tensor } from '@tensorflow/tfjs'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '../../simulators/random.ts'
import { type Backend, loadBackend } from '../../src/model/backend.ts'
import { createExplainer, type Explainer } from '../../src/model/explain.ts'
import { COMPLETENESS, stepExplainer } from '../../src/model/explain-steps.ts'
import { inputsOf } from '../../src/model/inputs.ts'
import { logOddsFiles } from '../../src/model/log-odds.ts'
import {
  averageNetworks,
  buildNetwork,
  loadNetwork,
  type NetworkFiles,
  networkFiles,
} from '../../src/model/network.ts'
import { createScorer } from '../../src/model/scorer.ts'
import {
  FEATURES,
  plainScores,
  smallInputs,
  smallNetwork,
  smallScaling,
  smallSteps,
} from '../support/small-model.ts'

const WIDTH = FEATURES.length

interface GoldenCase {
  readonly inputs: number
  readonly hidden: readonly number[]
  readonly weights: readonly number[]
  readonly rows: readonly (readonly number[])[]
  readonly parts: readonly (readonly number[])[]
  readonly difference: readonly number[]
}

/** Of the log-odds (of 1, where they are less): the sums of an exact integral, in single precision. */
const EXACT = 2e-5
/** What 100,000 midpoints of the golden vectors may miss by. */
const GOLDEN = 2e-4

const golden: { readonly cases: readonly GoldenCase[] } = JSON.parse(
  readFileSync(new URL('./golden/explain.json', import.meta.url), 'utf8'),
)

/** A net of the shape with the given weights, kernel and bias layer by layer. */
async function netOf({ tf }: Backend, { inputs, hidden, weights }: GoldenCase): Promise<NetworkFiles> {
  const network = buildNetwork(tf, { inputs, hidden, l2: 0, seed: 1 })
  const { topology } = await networkFiles(tf, network)
  network.dispose()
  return { topology, weights: new Uint8Array(Float32Array.from(weights).buffer) }
}

function someVectors(rows: number, seed: number): Float64Array {
  const random = createRandom(seed, 'vectors')
  const { mean, std } = smallScaling(1)
  return Float64Array.from({ length: rows * WIDTH }, (_, i) =>
    random.uniform() < 0.05 ? Number.NaN : mean[i % WIDTH]! + 3 * random.normal() * std[i % WIDTH]!,
  )
}

const logOdds = (risk: number) => Math.log(risk / (1 - risk))
const sumOf = (numbers: Iterable<number>) => [...numbers].reduce((sum, number) => sum + number, 0)

/** @param name of the backend that the tests are meant for */
export function explainLaws(name: Backend['name']): void {
  describe(`explanations on ${name}`, () => {
    const scaling = smallScaling(1)
    const net = () => ({ name: 'small@1.0.0', inputs: smallInputs(1), files, calibration: null })
    let backend: Backend
    let files: NetworkFiles
    let explainer: Explainer

    beforeAll(async () => {
      backend = await loadBackend()
      expect(backend.name).toBe(name)
      files = await smallNetwork(backend, 5)
      explainer = await createExplainer(backend, 'small', files, WIDTH)
    })

    it.each(golden.cases.map((golden) => [`${golden.inputs}-${golden.hidden.join('-')}`, golden] as const))(
      'are those of the independent implementation in numpy, net %s',
      async (_, golden) => {
        const { rows, inputs } = golden
        const other = await createExplainer(backend, 'golden', await netOf(backend, golden), inputs)
        const parts = other.parts(Float32Array.from(rows.flat()), rows.length)
        other.dispose()
        golden.parts.flat().forEach((expected, i) => {
          const explained = Math.max(1, Math.abs(golden.difference[Math.floor(i / inputs)]!))
          expect(Math.abs(parts[i]! - expected)).toBeLessThanOrEqual(GOLDEN * explained)
        })
      },
    )

    it('add up to the log-odds of the score less those of the mean row', () => {
      fc.assert(
        fc.property(fc.integer(), fc.integer({ min: 1, max: 6 }), (seed, rows) => {
          const random = createRandom(seed, 'inputs')
          const inputs = Float32Array.from({ length: rows * WIDTH }, () => 2 * random.normal())
          const parts = explainer.parts(inputs, rows)
          // The plain net takes raw vectors: without steps they are the inputs.
          const plain = inputsOf(FEATURES, [])
          const scores = plainScores(files, plain, new Float64Array([...inputs, ...new Float32Array(WIDTH)]))
          const usual = logOdds(scores[rows]!)
          for (let row = 0; row < rows; row++) {
            const explained = logOdds(scores[row]!) - usual
            const sum = sumOf(parts.subarray(row * WIDTH, (row + 1) * WIDTH))
            expect(Math.abs(sum - explained)).toBeLessThanOrEqual(EXACT * Math.max(1, Math.abs(explained)))
          }
        }),
        { numRuns: 15 },
      )
    })

    it('are those of many small steps, for any number of layers and nets', async () => {
      const { tf } = backend
      const shapes = [[6], [8, 5], [7, 6, 5, 4]]
      for (const hidden of shapes) {
        const shape = { inputs: 5, hidden, l2: 0, seed: 3 }
        const nets = [1, 2, 3].map((seed) => buildNetwork(tf, { ...shape, seed: 10 * seed }))
        const random = createRandom(hidden.length, 'biases')
        for (const layer of nets.flatMap((net) => net.layers)) {
          const [kernel, bias] = layer.getWeights()
          if (kernel && bias)
            layer.setWeights([kernel, tf.tensor1d(Array.from({ length: bias.size }, () => random.normal()))])
        }
        const whole = averageNetworks(tf, nets, shape)
        const netFiles = await networkFiles(tf, whole)
        whole.dispose()
        const exact = await createExplainer(backend, 'mean', netFiles, 5)
        const straight = await loadNetwork(tf, logOddsFiles(netFiles)!, 5)
        const inputs = Float32Array.from({ length: 20 * 5 }, () => 2 * random.normal())
        const inSteps = stepExplainer(tf, 'mean', straight, 5).parts(inputs, 20)
        const parts = exact.parts(inputs, 20)
        parts.forEach((part, i) => {
          const row = inSteps.subarray(i - (i % 5), i - (i % 5) + 5)
          const weight = Math.max(1, ...row.map(Math.abs))
          expect(Math.abs(part - inSteps[i]!)).toBeLessThanOrEqual(2 * COMPLETENESS * weight)
        })
        straight.dispose()
        exact.dispose()
      }
    })

    it('of a net that is no stack of ReLUs are taken in steps', async () => {
      const { tf } = backend
      const input = tf.input({ shape: [4], name: 'features' })
      const bent = tf.layers.dense({
        units: 6,
        activation: 'tanh',
        kernelInitializer: tf.initializers.heNormal({ seed: 4 }),
      })
      const end = tf.layers.dense({
        units: 1,
        activation: 'sigmoid',
        kernelInitializer: tf.initializers.heNormal({ seed: 5 }),
      })
      const net = tf.model({ inputs: input, outputs: end.apply(bent.apply(input)) as SymbolicTensor })
      const rows = Float32Array.from({ length: 3 * 4 }, (_, i) => Math.sin(i))
      const risks = tf.tidy(() => [
        ...(net.predict(tf.tensor2d(new Float32Array([...rows, 0, 0, 0, 0]), [4, 4])) as Tensor).dataSync(),
      ])
      const smooth = await createExplainer(backend, 'smooth', await networkFiles(tf, net), 4)
      const parts = smooth.parts(rows, 3)
      for (let row = 0; row < 3; row++) {
        expect(sumOf(parts.subarray(row * 4, row * 4 + 4))).toBeCloseTo(
          logOdds(risks[row]!) - logOdds(risks[3]!),
          2,
        )
      }
      smooth.dispose()
      net.dispose()
    })

    it('are the same bits, whoever shares the batch', async () => {
      const scorer = await createScorer(backend, net())
      const vectors = someVectors(80, 7)
      const together = scorer.explain!(vectors, 80)
      for (const sizes of [
        [1, 2, 3, 64, 10],
        [79, 1],
      ]) {
        let at = 0
        for (const rows of sizes) {
          const apart = scorer.explain!(vectors.slice(at * WIDTH, (at + rows) * WIDTH), rows)
          expect(apart).toEqual(together.slice(at * WIDTH, (at + rows) * WIDTH))
          at += rows
        }
      }
      expect(scorer.explain!(new Float64Array(0), 0)).toHaveLength(0)
      scorer.dispose()
    })

    it('are shares that add up to 1; what is missing has its share by what stands for it', async () => {
      const usual = await createScorer(backend, net())
      const steps = smallSteps(1).map((step) => (step.step === 'impute' ? { ...step, value: 2 } : step))
      const scorer = await createScorer(backend, { ...net(), inputs: inputsOf(FEATURES, steps) })
      const vectors = someVectors(40, 13)
      vectors[0] = Number.NaN
      vectors[1] = Number.NaN
      const shares = scorer.explain!(vectors, 40)
      for (let row = 0; row < 40; row++) {
        expect(sumOf(shares.subarray(row * WIDTH, (row + 1) * WIDTH))).toBeCloseTo(1, 9)
      }
      expect(shares[0]).not.toBe(0)
      expect(usual.explain!(vectors, 40)[0]).toBe(0)
      scorer.dispose()
      usual.dispose()
    })

    it('are all 0 for a row that is the mean itself', async () => {
      const scorer = await createScorer(backend, net())
      expect(scorer.explain!(Float64Array.from(scaling.mean), 1)).toEqual(new Float64Array(WIDTH))
      scorer.dispose()
    })

    it('keep the number of tensors flat, and give all back', async () => {
      const before = backend.tf.memory().numTensors
      const scorer = await createScorer(backend, net())
      const loaded = backend.tf.memory().numTensors
      for (let i = 0; i < 20; i++) scorer.explain!(someVectors(1 + i, i), 1 + i)
      expect(backend.tf.memory().numTensors).toBe(loaded)
      scorer.dispose()
      expect(backend.tf.memory().numTensors).toBe(before)
    })

    it('say so when weights are no numbers', async () => {
      const weights = new Uint8Array(files.weights.length).fill(0xff)
      const broken = await createExplainer(backend, 'broken@1.0.0', { ...files, weights }, WIDTH)
      expect(() => broken.parts(new Float32Array(WIDTH), 1)).toThrow('broken@1.0.0 gives no number')
      broken.dispose()
    })
  })
}
