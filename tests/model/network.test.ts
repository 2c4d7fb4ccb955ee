import { beforeAll, describe, expect, it } from 'vitest'
import { isFailure } from '../../src/core/errors.ts'
import { type Backend, loadBackend } from '../../src/model/backend.ts'
import { loadNetwork, networkFiles } from '../../src/model/network.ts'
import { FEATURES, smallNetwork } from '../support/small-model.ts'

describe("a net's files", () => {
  let backend: Backend

  beforeAll(async () => {
    backend = await loadBackend()
  })

  it('are the same bytes for the same seed, whatever was built before, and others for another', async () => {
    const one = await smallNetwork(backend, 3)
    const again = await smallNetwork(backend, 3)
    expect(again.topology).toBe(one.topology)
    expect(Buffer.compare(again.weights, one.weights)).toBe(0)
    expect(Buffer.compare((await smallNetwork(backend, 4)).weights, one.weights)).not.toBe(0)
  })

  it('make the net that they were written from', async () => {
    const files = await smallNetwork(backend, 3)
    const before = backend.tf.memory().numTensors
    const network = await loadNetwork(backend.tf, files, FEATURES.length)
    const again = await networkFiles(backend.tf, network)
    expect(JSON.parse(again.topology).weightsManifest).toEqual(JSON.parse(files.topology).weightsManifest)
    expect(Buffer.compare(again.weights, files.weights)).toBe(0)
    network.dispose()
    expect(backend.tf.memory().numTensors).toBe(before)
  })

  it.each([
    ['text that is no net', { topology: '{"modelTopology":{},"weightsManifest":[]}' }],
    ['text that is not JSON', { topology: 'net' }],
    ['weights that end early', { weights: new Uint8Array(8) }],
  ])('with %s are refused', async (_, change) => {
    const files = { ...(await smallNetwork(backend, 3)), ...change }
    const error: unknown = await loadNetwork(backend.tf, files, FEATURES.length).catch(
      (caught: unknown) => caught,
    )
    expect(isFailure(error, 'model')).toBe(true)
    expect(String(error)).toContain('model.json and weights.bin do not make a net')
  })
})
