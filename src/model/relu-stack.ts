/**
 * A net read as stacks of dense layers with ReLUs and one linear output, or as the mean of several such stacks: what `train`
 * makes, once the last sigmoid is taken off (`log-odds.ts`). `explain.ts` reckons with the numbers.
 */
import type { LayersModel, layers } from '@tensorflow/tfjs'

type Layer = layers.Layer

/** Weights of a dense layer. */
export interface DenseWeights {
  readonly units: number
  /** Row-major [inputs × units]. */
  readonly kernel: Float32Array
  readonly bias: Float32Array
}

export interface ReluStack {
  readonly first: DenseWeights
  /** Behind the first layer, the output last; empty where the first layer is the output. */
  readonly more: readonly DenseWeights[]
}

/** @returns the stacks of which the net is the mean; null when it is made in another way, or its weights are no numbers */
export function reluStacks(network: LayersModel): ReluStack[] | null {
  const last = network.outputs[0]?.sourceLayer
  if (last === undefined || network.outputs.length !== 1) return null
  const ends = last.getClassName() === 'Average' ? layersBefore(last) : [last]
  const stacks = ends.map(stackOf)
  return stacks.every((stack) => stack !== null) ? stacks : null
}

function layersBefore(layer: Layer): readonly Layer[] {
  return layer.inboundNodes[0]?.inboundLayers ?? []
}

/** From the output back to the net's input. */
function stackOf(end: Layer): ReluStack | null {
  const found: DenseWeights[] = []
  let layer = end
  for (let wanted = 'linear'; layer.getClassName() !== 'InputLayer'; wanted = 'relu') {
    const before = layersBefore(layer)
    const weights = layer.getClassName() === 'Dense' ? denseWeights(layer, wanted) : null
    if (weights === null || before.length !== 1) return null
    found.unshift(weights)
    layer = before[0]!
  }
  const [first, ...more] = found
  return first === undefined || found.at(-1)!.units !== 1 ? null : { first, more }
}

function denseWeights(layer: Layer, activation: string): DenseWeights | null {
  const { activation: own, units, useBias } = layer.getConfig()
  if (own !== activation || typeof units !== 'number') return null
  const [kernel, bias] = layer.getWeights().map((weight) => Float32Array.from(weight.dataSync()))
  if (kernel === undefined || ![kernel, bias ?? []].every((all) => all.every(Number.isFinite))) return null
  return { units, kernel, bias: useBias === false || bias === undefined ? new Float32Array(units) : bias }
}
