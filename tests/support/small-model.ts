/** A small net with its folder, and the same net computed in plain numbers: what a scorer is measured by. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '../../simulators/random.ts'
import { FEATURES_VERSION, featureNames } from '../../src/core/features.ts'
import type { Backend } from '../../src/model/backend.ts'
import { featuresHash } from '../../src/model/fingerprint.ts'
import { sha256, writeModel } from '../../src/model/folder.ts'
import { type Inputs, inputsOf, prepareRows } from '../../src/model/inputs.ts'
import type { Manifest } from '../../src/model/manifest.ts'
import { buildNetwork, type NetworkFiles, networkFiles } from '../../src/model/network.ts'
import type { InputStep } from '../../src/model/steps.ts'

export const CHANNELS = ['temperature', 'vibration', 'pressure']
export const FEATURES = featureNames(CHANNELS)

/** Mean and spread of each feature, before the ±10 that hold it. */
export function smallScaling(seed: number): { readonly mean: number[]; readonly std: number[] } {
  const random = createRandom(seed, 'scaling')
  const mean = FEATURES.map(() => random.between(-50, 50))
  return { mean, std: FEATURES.map(() => random.between(0.1, 9)) }
}

export function smallSteps(seed: number): InputStep[] {
  return [
    { step: 'scale', ...smallScaling(seed) },
    { step: 'clip', limit: 10 },
    { step: 'impute', value: 0 },
  ]
}

export function smallInputs(seed: number): Inputs {
  return inputsOf(FEATURES, smallSteps(seed))
}

export async function smallNetwork(backend: Backend, seed: number): Promise<NetworkFiles> {
  const network = buildNetwork(backend.tf, { inputs: FEATURES.length, hidden: [16, 8], l2: 1e-4, seed })
  const files = await networkFiles(backend.tf, network)
  network.dispose()
  return files
}

export function smallManifest(files: NetworkFiles, change: Partial<Manifest> = {}): Manifest {
  return {
    format: 2,
    name: 'small',
    version: '1.0.0',
    kind: 'failure',
    backend: { name: 'tensorflow', version: '2.15.1', files: 'tfjs-layers' },
    window: { sizeMs: 5000, hopMs: 5000 },
    channels: CHANNELS.map((name) => ({ name, unit: null })),
    features: { version: FEATURES_VERSION, hash: featuresHash(FEATURES), names: FEATURES },
    steps: smallSteps(1),
    outputs: [{ name: 'failureProbability' }],
    thresholds: { above: 0.8, clearBelow: 0.6, onDelayWindows: 2, offDelayWindows: 6 },
    calibration: null,
    probes: [],
    training: {
      source: 'nothing: first weights',
      hash: sha256(''),
      rows: 0,
      positiveRows: 0,
      assets: 0,
      validationAssets: 0,
      fromMs: 0,
      toMs: 0,
      horizon: { share: 0.6, beforeMs: null, afterMs: 0 },
      epochs: 0,
      nets: 1,
      interrupted: false,
      folds: null,
    },
    seed: 1,
    code: '0.1.0',
    results: [],
    baseline: 'none',
    licence: 'Apache-2.0',
    files: { 'model.json': sha256(files.topology), 'weights.bin': sha256(files.weights) },
    ...change,
  }
}

/** @returns a fresh folder of models with the given manifests in it */
export async function modelsDir(files: NetworkFiles, manifests: readonly Manifest[]): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'forewarn-models-'))
  for (const manifest of manifests) await writeModel(dir, manifest, files, '# A card\n')
  return dir
}

interface WeightSpec {
  readonly name: string
  readonly shape: readonly number[]
}

/** The perceptron in double precision, read straight from the two files. */
export function plainScores(
  { topology, weights }: NetworkFiles,
  inputs: Inputs,
  vectors: Float64Array,
): number[] {
  const specs: readonly WeightSpec[] = JSON.parse(topology).weightsManifest[0].weights
  const numbers = new Float32Array(new Uint8Array(weights).buffer)
  const width = inputs.names.length
  const rows = vectors.length / width
  const scaled = new Float32Array(vectors.length)
  prepareRows(inputs, vectors, 0, rows, scaled)
  return Array.from({ length: rows }, (_, row) => {
    let flow = Array.from(scaled.subarray(row * width, (row + 1) * width))
    let at = 0
    for (let i = 0; i < specs.length; i += 2) {
      const [inputs = 0, units = 0] = specs[i]!.shape
      const kernel = numbers.subarray(at, at + inputs * units)
      const bias = numbers.subarray(at + inputs * units, at + inputs * units + units)
      at += inputs * units + units
      const isLast = i + 2 === specs.length
      flow = Array.from(bias, (start, unit) => {
        const sum = flow.reduce((total, value, input) => total + value * kernel[input * units + unit]!, start)
        return isLast ? 1 / (1 + Math.exp(-sum)) : Math.max(0, sum)
      })
    }
    return flow[0]!
  })
}
