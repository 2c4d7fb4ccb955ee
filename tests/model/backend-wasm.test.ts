/** WebAssembly computes the same where the native library can't be had; a process of its own, as a backend loads once. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadBackend } from '../../src/model/backend.ts'

const asked = process.env.FOREWARN_NATIVE

beforeAll(() => {
  process.env.FOREWARN_NATIVE = 'wasm'
})

afterAll(() => {
  if (asked === undefined) delete process.env.FOREWARN_NATIVE
  else process.env.FOREWARN_NATIVE = asked
})

test('it is taken on wish, says so, and computes', async () => {
  const { tf, name, version, reason } = await loadBackend()
  expect({ name, version, reason }).toEqual({
    name: 'wasm',
    version: '4.22.0',
    reason: 'FOREWARN_NATIVE=wasm asks for WebAssembly',
  })
  const product = tf.tidy(() => [
    ...tf
      .matMul(
        tf.tensor2d([[1, 2]]),
        tf.tensor2d([
          [3, 5],
          [4, 6],
        ]),
      )
      .dataSync(),
  ])
  expect(product).toEqual([11, 17])
})
