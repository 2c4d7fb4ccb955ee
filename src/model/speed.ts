/** How quick the backend is on this machine: one prediction of a small net, as `doctor` shows it. */
import type { Backend } from './backend.ts'
import { buildNetwork } from './network.ts'

const INPUTS = 48
const ROWS = 64
const ROUNDS = 20

/** Median ms of one prediction of 64 windows with 48 features (48-64-32-1). */
export function predictionMs({ tf }: Backend): number {
  const network = buildNetwork(tf, { inputs: INPUTS, hidden: [64, 32], l2: 0, seed: 1 })
  const rows = tf.zeros([ROWS, INPUTS])
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const startedMs = performance.now()
    // Read back, as the scorer does: without it only the queueing is timed.
    tf.tidy(() => [network.predictOnBatch(rows)].flat().map((risks) => risks.dataSync()))
    times.push(performance.now() - startedMs)
  }
  rows.dispose()
  network.dispose()
  return times.sort((a, b) => a - b)[ROUNDS >> 1]!
}
