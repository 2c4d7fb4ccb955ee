/** How quick the backend is on this machine: one prediction of a small net, as `doctor` shows it. */
import type { Backend } from './backend.ts'
import { buildNetwork } from './network.ts'

const INPUTS = 48
const ROWS = 64
const ROUNDS = 20

/** Median ms of one prediction of 64 windows with 48 features (48-64-32-1). */
export function predictionMs({ tf }: Backend): number {
  const network = buildNetwork(tf, { inputs: INPUTS, hidden: [64, 32], l2: 0, seed: 1 })
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const startedMs = performance.now()
    tf.tidy(() => network.predictOnBatch(tf.zeros([ROWS, INPUTS])))
    times.push(performance.now() - startedMs)
  }
  network.dispose()
  return times.sort((a, b) => a - b)[ROUNDS >> 1]!
}
