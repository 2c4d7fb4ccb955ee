/** How fast the loaded backend answers: one measurement for `doctor`, on a net of the size that the program serves. */
import type { Backend } from './backend.ts'

/** As the engine pads its batches (model/scorer.ts). */
const ROWS = 64
const FEATURES = 48
const WARM_UP = 5
const MEASURED = 25

/** Milliseconds for one prediction of 64 windows by a net of 48-64-32-1; the median of 25 after a warm-up. */
export function predictionMs({ tf }: Backend): number {
  const net = tf.sequential({
    layers: [
      tf.layers.dense({ units: 64, activation: 'relu', inputShape: [FEATURES] }),
      tf.layers.dense({ units: 32, activation: 'relu' }),
      tf.layers.dense({ units: 1, activation: 'sigmoid' }),
    ],
  })
  const rows = tf.zeros([ROWS, FEATURES])
  const times = Array.from({ length: WARM_UP + MEASURED }, () => {
    const startMs = performance.now()
    tf.tidy(() => [net.predictOnBatch(rows)].flat()[0]?.dataSync())
    return performance.now() - startMs
  })
  rows.dispose()
  net.dispose()
  const sorted = times.slice(WARM_UP).sort((a, b) => a - b)
  return sorted[MEASURED >> 1] ?? 0
}
