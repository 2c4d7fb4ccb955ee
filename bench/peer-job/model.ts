/**
 * The peers' fixed net (`weights.json`: 48 inputs, two hidden layers, one risk) as a model folder, so that the engine
 * serves it as it serves any model. `node dist/bench/peer-job/model.js WEIGHTS MODELS_DIR`; `engine.sh` calls it once.
 */
import { readFileSync } from 'node:fs'
import { FEATURES_VERSION, featureNames } from '../../src/core/features.ts'
import { loadBackend } from '../../src/model/backend.ts'
import { featuresHash } from '../../src/model/fingerprint.ts'
import { sha256, writeModel } from '../../src/model/folder.ts'
import type { Manifest } from '../../src/model/manifest.ts'
import { buildNetwork, type NetworkFiles, networkFiles } from '../../src/model/network.ts'

/** The file as the peers' benchmark writes it. */
interface PeerWeights {
  readonly channels: readonly string[]
  readonly mean: readonly number[]
  readonly std: readonly number[]
  /** `w[input][output]`. */
  readonly layers: readonly { readonly w: readonly (readonly number[])[]; readonly b: readonly number[] }[]
}

const WINDOW_MS = 30_000

async function networkOf({ layers }: PeerWeights): Promise<NetworkFiles> {
  const { tf } = await loadBackend()
  const hidden = layers.slice(0, -1).map(({ b }) => b.length)
  const network = buildNetwork(tf, { inputs: layers[0]!.w.length, hidden, l2: 0, seed: 0 })
  network.setWeights(
    layers.flatMap(({ w, b }) => [tf.tensor2d(w.map((row) => [...row])), tf.tensor1d([...b])]),
  )
  const files = await networkFiles(tf, network)
  network.dispose()
  return files
}

function manifestOf(weights: PeerWeights, text: string, files: NetworkFiles): Manifest {
  const names = featureNames(weights.channels)
  return {
    format: 2,
    name: 'peer-job',
    version: '1.0.0',
    kind: 'failure',
    backend: { name: 'tensorflow', version: '2.15.1', files: 'tfjs-layers' },
    window: { sizeMs: WINDOW_MS, hopMs: WINDOW_MS },
    channels: weights.channels.map((name) => ({ name, unit: null })),
    features: { version: FEATURES_VERSION, hash: featuresHash(names), names },
    steps: [
      { step: 'scale', mean: [...weights.mean], std: [...weights.std] },
      { step: 'impute', value: 0 },
    ],
    outputs: [{ name: 'failureProbability' }],
    thresholds: { above: 0.8, clearBelow: 0.6, onDelayWindows: 1, offDelayWindows: 1 },
    calibration: null,
    probes: [],
    training: {
      source: 'fixed weights of the peers’ benchmark',
      hash: sha256(text),
      rows: 0,
      positiveRows: 0,
      assets: 0,
      validationAssets: 0,
      fromMs: 0,
      toMs: 0,
      horizon: { share: 0, beforeMs: null, afterMs: 0 },
      epochs: 0,
      nets: 1,
      interrupted: false,
      folds: null,
    },
    seed: 0,
    code: 'bench',
    results: [],
    baseline: 'none',
    licence: 'Apache-2.0',
    files: { 'model.json': sha256(files.topology), 'weights.bin': sha256(files.weights) },
  }
}

const [file, dir] = process.argv.slice(2)
if (file === undefined || dir === undefined) throw new Error('usage: model.js WEIGHTS MODELS_DIR')
const text = readFileSync(file, 'utf8')
const weights: PeerWeights = JSON.parse(text)
const files = await networkOf(weights)
await writeModel(dir, manifestOf(weights, text, files), files, '# The net of the peers’ benchmark\n', true)
