/** A small net in plain arrays behind the Scorer port: enough to prove the laws of the engine, without TensorFlow. */
import type { Scorer } from '../../src/core/ports.ts'
import type { WindowShape } from '../../src/core/window.ts'
import type { PipelineModel } from '../../src/engine/pipeline.ts'

/** Per feature: what is normal, and how much of a deviation counts as one. */
const FEATURES = [
  ['temperature.mean', 50, 10],
  ['temperature.std', 2, 4],
  ['vibration.max', 3, 3],
  ['vibration.kurtosis', -1, 3],
] as const

const HIDDEN = [
  [1.4, 0.3, 0.9, 0.1],
  [0.2, 0.8, 1.1, 0.4],
  [-0.6, 0.1, -0.4, 0.2],
] as const
const OUTPUT = [2.2, 1.9, -1.3] as const
const BIAS = -2

/** Two layers, tanh and logistic; each row by itself, so a score can't depend on who shares the batch. */
export const smallNet: Scorer = {
  /** Weight times distance through the first unit: no attribution that a net would be given, but one of each row alone. */
  explain(vectors, rows) {
    const width = FEATURES.length
    const shares = new Float64Array(rows * width)
    for (let row = 0; row < rows; row++) {
      const parts = FEATURES.map(([, normal, scale], i) => {
        const raw = vectors[row * width + i]!
        return (HIDDEN[0][i]! * ((Number.isNaN(raw) ? normal : raw) - normal)) / scale
      })
      const sum = parts.reduce((total, part) => total + part, 0)
      if (Math.abs(sum) > 1e-3)
        shares.set(
          parts.map((part) => part / sum),
          row * width,
        )
    }
    return shares
  },
  score(vectors, rows) {
    const width = FEATURES.length
    if (vectors.length !== rows * width)
      throw new Error(`${vectors.length} numbers are not ${rows} rows of ${width}`)
    return Float64Array.from({ length: rows }, (_, row) => {
      const inputs = FEATURES.map(([, normal, scale], i) => {
        const raw = vectors[row * width + i]!
        return Math.max(-10, Math.min(10, ((Number.isNaN(raw) ? normal : raw) - normal) / scale))
      })
      const hidden = HIDDEN.map((weights) =>
        Math.tanh(weights.reduce((sum, w, i) => sum + w * inputs[i]!, 0)),
      )
      const sum = OUTPUT.reduce((total, w, i) => total + w * hidden[i]!, BIAS)
      return Math.round(1e6 / (1 + Math.exp(-sum))) / 1e6
    })
  },
  dispose() {},
}

export function smallModel(window: WindowShape): PipelineModel {
  return {
    name: 'small',
    version: '1',
    kind: 'failure',
    features: FEATURES.map(([name]) => name),
    window,
    units: { temperature: 'Cel', vibration: 'mm/s' },
    hash: 'small-net-1',
    scorer: smallNet,
  }
}
