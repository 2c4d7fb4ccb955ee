/**
 * The net: a multi-layer perceptron on a window's features, one sigmoid at the end. The one definition for
 * training and serving, and its two files in the layers format of TensorFlow.js (`model.json`, `weights.bin`).
 */
import type { io, LayersModel, SymbolicTensor, Tensor } from '@tensorflow/tfjs'
import { failure, messageOf } from '../core/errors.ts'
import type { TensorFlow } from './backend.ts'

export interface NetworkShape {
  readonly inputs: number
  /** Units of each hidden layer. */
  readonly hidden: readonly number[]
  /** Strength of the L2 penalty on the weights of hidden layers. */
  readonly l2: number
  /** Of the first weights. */
  readonly seed: number
}

/** A net as its two files. */
export interface NetworkFiles {
  /** Text of `model.json`. */
  readonly topology: string
  /** Bytes of `weights.bin`: little-endian float32, in the order of the topology's weight list. */
  readonly weights: Uint8Array
}

/** Layers have fixed names: counters of the process would make equal nets differ in their files. */
export function buildNetwork(tf: TensorFlow, shape: NetworkShape): LayersModel {
  const input = tf.input({ shape: [shape.inputs], name: 'features' })
  return tf.model({ inputs: input, outputs: branch(tf, input, shape, ''), name: 'risk_network' })
}

function branch(
  tf: TensorFlow,
  input: SymbolicTensor,
  { hidden, l2, seed }: NetworkShape,
  prefix: string,
): SymbolicTensor {
  let flow = input
  hidden.forEach((units, i) => {
    const layer = tf.layers.dense({
      name: `${prefix}hidden_${i + 1}`,
      units,
      activation: 'relu',
      kernelInitializer: tf.initializers.heNormal({ seed: seed + i }),
      kernelRegularizer: tf.regularizers.l2({ l2 }),
    })
    flow = layer.apply(flow) as SymbolicTensor
  })
  const output = tf.layers.dense({
    name: `${prefix}risk`,
    units: 1,
    activation: 'sigmoid',
    kernelInitializer: tf.initializers.glorotUniform({ seed: seed + hidden.length }),
  })
  return output.apply(flow) as SymbolicTensor
}

/**
 * Nets of one shape as one net whose output is the mean of theirs: it errs less than each. The nets given are
 * disposed of.
 */
export function averageNetworks(
  tf: TensorFlow,
  networks: readonly LayersModel[],
  shape: NetworkShape,
): LayersModel {
  const [only] = networks
  if (only && networks.length === 1) return only
  const input = tf.input({ shape: [shape.inputs], name: 'features' })
  const branches = networks.map((_, i) => branch(tf, input, shape, `net_${i + 1}_`))
  const mean = tf.layers.average({ name: 'mean_risk' }).apply(branches) as SymbolicTensor
  const whole = tf.model({ inputs: input, outputs: mean, name: 'risk_network' })
  networks.forEach((network, i) => {
    for (const layer of network.layers) {
      const weights = layer.getWeights()
      if (weights.length > 0) whole.getLayer(`net_${i + 1}_${layer.name}`).setWeights(weights)
    }
    network.dispose()
  })
  return whole
}

/** The files of a net; equal weights give equal bytes. */
export async function networkFiles(tf: TensorFlow, network: LayersModel): Promise<NetworkFiles> {
  const saved: NetworkFiles[] = []
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    saved.push(filesOf(artifacts))
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
  })
  await network.save(handler)
  const [files] = saved
  if (!files) throw failure('model', 'the net gave no files to save')
  return files
}

function filesOf({ modelTopology, weightSpecs, weightData }: io.ModelArtifacts): NetworkFiles {
  if (!(weightData instanceof ArrayBuffer)) throw failure('model', "the net's weights are not one buffer")
  const topology = {
    format: 'layers-model',
    modelTopology,
    weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }],
  }
  return { topology: `${JSON.stringify(topology, null, 1)}\n`, weights: new Uint8Array(weightData) }
}

/** @throws Failure `model` when the files do not make a net with so many inputs and outputs */
export async function loadNetwork(
  tf: TensorFlow,
  { topology, weights }: NetworkFiles,
  inputs: number,
  outputs = 1,
): Promise<LayersModel> {
  let network: LayersModel
  try {
    network = await tf.loadLayersModel(tf.io.fromMemory(artifactsOf(topology, weights)))
  } catch (error) {
    throw failure('model', `model.json and weights.bin do not make a net: ${messageOf(error)}`, error)
  }
  const wanted = network.inputs[0]?.shape[1]
  const given = network.outputs[0]?.shape[1]
  if (wanted === inputs && given === outputs) return network
  network.dispose()
  throw failure(
    'model',
    `model.json: the net takes ${wanted} inputs and gives ${given} outputs; ` +
      `the manifest's steps make ${inputs} inputs of its features, and ${outputs} output${outputs === 1 ? ' is' : 's are'} served`,
  )
}

function artifactsOf(topology: string, weights: Uint8Array): io.ModelArtifacts {
  const parsed: Pick<io.ModelJSON, 'modelTopology' | 'weightsManifest'> = JSON.parse(topology)
  const weightData = new Uint8Array(weights).buffer
  return {
    modelTopology: parsed.modelTopology,
    weightSpecs: parsed.weightsManifest.flatMap((group) => group.weights),
    weightData,
  }
}

/** The net's single output for scaled rows, in batches; the tensor is the caller's to dispose of. */
export function predictRisk(network: LayersModel, rows: Tensor, batchSize: number): Tensor {
  return single(network.predict(rows, { batchSize }))
}

/** The same for rows that are one batch: `predict` cuts rows out and puts outputs together, a third of the time of a small one. */
export function outputOf(network: LayersModel, rows: Tensor): Tensor {
  return single(network.apply(rows))
}

function single(output: Tensor | SymbolicTensor | (Tensor | SymbolicTensor)[]): Tensor {
  if (Array.isArray(output) || !('dataSync' in output)) {
    throw failure('model', 'model.json: the net gives several tensors, 1 is served')
  }
  return output
}

/**
 * The numbers of a tensor, with all tensors on the way to it disposed of. They do not leave `tidy` as its result: it would
 * walk through every one of them in search of tensors, which took longer than the net.
 */
export function numbersOf(tf: TensorFlow, compute: () => Tensor): ArrayLike<number> {
  let numbers: ArrayLike<number> = []
  tf.tidy(() => {
    numbers = compute().dataSync()
  })
  return numbers
}
