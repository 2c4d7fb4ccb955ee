/**
 * A net's files with the last sigmoid taken off: the same net, giving log-odds. `explain.ts` explains those and not the
 * probability, whose gradient is nearly 0 wherever the net is sure of itself.
 */
import type { NetworkFiles } from './network.ts'

/** The part of `model.json` that is looked at. */
interface LayerText {
  readonly name: string
  readonly class_name: string
  readonly config: { activation?: string; units?: number }
  /** Per call of the layer its inputs, each beginning with the name of the layer that it comes from. */
  readonly inbound_nodes?: readonly (readonly (readonly [string, ...unknown[]])[])[]
}

interface TopologyText {
  readonly modelTopology?: {
    readonly config?: {
      readonly layers?: readonly LayerText[]
      readonly output_layers?: readonly (readonly [string, ...unknown[]])[]
    }
  }
}

/**
 * Takes the sigmoid off the output; of a mean over several nets off each of them, so that what is given is the mean of
 * their log-odds.
 * @returns files of a net with the same inputs and weights; null when its output is made in another way
 */
export function logOddsFiles({ topology, weights }: NetworkFiles): NetworkFiles | null {
  const text: TopologyText = JSON.parse(topology)
  const { layers, output_layers: outputs } = text.modelTopology?.config ?? {}
  if (layers === undefined || outputs?.length !== 1) return null
  const byName = new Map(layers.map((layer) => [layer.name, layer]))
  if (!straighten(byName, outputs[0]![0])) return null
  return { topology: JSON.stringify(text), weights }
}

/** Changes the layer in place; false when it is neither a sigmoid nor a mean of such. */
function straighten(layers: ReadonlyMap<string, LayerText>, name: string): boolean {
  const layer = layers.get(name)
  if (layer?.class_name === 'Average') {
    const inputs = layer.inbound_nodes?.[0] ?? []
    return inputs.length > 0 && inputs.every(([input]) => straighten(layers, input))
  }
  if (layer?.class_name !== 'Dense' || layer.config.activation !== 'sigmoid') return false
  layer.config.activation = 'linear'
  return true
}
