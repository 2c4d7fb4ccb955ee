import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { isFailure } from '../../src/core/errors.ts'
import { loadBackend } from '../../src/model/backend.ts'
import { featuresHash } from '../../src/model/fingerprint.ts'
import { type Manifest, parseManifest } from '../../src/model/manifest.ts'
import { CHANNELS, FEATURES, smallManifest, smallNetwork } from '../support/small-model.ts'

const WHERE = 'models/small/1.0.0/manifest.json'

describe('a manifest', () => {
  let good: Manifest

  beforeAll(async () => {
    good = smallManifest(await smallNetwork(await loadBackend(), 1))
  })

  /** The message with which a manifest with one field changed is refused. */
  function refusal(path: readonly (string | number)[], value: unknown): string {
    const changed = JSON.parse(JSON.stringify(good))
    const parent = path.slice(0, -1).reduce((at, key) => at[key], changed)
    const last = path[path.length - 1]!
    if (value === undefined) delete parent[last]
    else parent[last] = value
    try {
      parseManifest(JSON.stringify(changed), WHERE)
    } catch (error) {
      expect(isFailure(error, 'model')).toBe(true)
      return String(error)
    }
    return 'accepted'
  }

  it('that is right is taken as it is', () => {
    expect(parseManifest(JSON.stringify(good), WHERE)).toEqual(good)
  })

  it.each([
    { count: 30, hop: 1 },
    { gapMs: 5000, maxMs: 60_000 },
  ])('may be for windows %j', (window) => {
    expect(parseManifest(JSON.stringify({ ...good, window }), WHERE).window).toEqual(window)
  })

  it('may hold the history of its training; those from before have none', () => {
    const history = [{ kept: 1, loss: [0.5, null], heldOutLoss: [0.6, 0.7] }]
    const told = { ...good, training: { ...good.training, history } }
    expect(parseManifest(JSON.stringify(told), WHERE)).toEqual(told)
    expect(good.training.history).toBeUndefined()
  })

  it.each<[string, (string | number)[], unknown]>([
    ['format', ['format'], 1],
    ['name', ['name'], '../etc'],
    ['version', ['version'], '1.0'],
    ['kind', ['kind'], 'rul'],
    ['backend.name', ['backend', 'name'], 'wasm'],
    ['window.sizeMs', ['window', 'sizeMs'], 0],
    ['channels.0.name', ['channels', 0, 'name'], 7],
    ['features.names', ['features', 'names', 0], 'humidity.mean'],
    ['features.names', ['features', 'names', 0], 'temperature.magic'],
    ['features.hash', ['features', 'hash'], featuresHash(['temperature.mean'])],
    ['features.version', ['features', 'version'], 999],
    ['steps.0 (scale): mean', ['steps', 0, 'mean'], [1, 2]],
    ['steps.0 (scale): std of temperature.skewness', ['steps', 0, 'std', 5], 0],
    ['steps.1', ['steps', 1, 'limit'], 0],
    ['steps.1', ['steps', 1, 'step'], 'magic'],
    ['probes.0.features', ['probes'], [{ features: [1], score: 0.5 }]],
    ['probes.0.score', ['probes'], [{ features: FEATURES.map(() => null), score: 2 }]],
    ['calibration.from', ['calibration'], { method: 'isotonic', from: [0, 1], to: [0] }],
    ['outputs', ['outputs'], []],
    ['thresholds.above', ['thresholds', 'above'], 1.5],
    ['calibration', ['calibration'], { method: 'platt' }],
    ['training.hash', ['training', 'hash'], 'abc'],
    ['training.history.0', ['training', 'history'], [{ kept: 1, loss: [0.5], heldOutLoss: [0.6, 0.7] }]],
    ['training.history.0', ['training', 'history'], [{ kept: 3, loss: [0.5], heldOutLoss: [0.6] }]],
    ['training.history.0', ['training', 'history'], [{ kept: 1, loss: [], heldOutLoss: [] }]],
    ['seed', ['seed'], 'one'],
    ['files.weights.bin', ['files', 'weights.bin'], ''],
  ])('with a wrong %s is refused by the name of the field', (field, path, value) => {
    const message = refusal(path, value)
    expect(message).toContain(WHERE)
    expect(message).toContain(field)
  })

  it('without any one of its fields, or with one more, is refused by its name', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(good)), (field) => {
        expect(refusal([field], undefined)).toContain(field)
        expect(refusal([`${field}X`], 1)).toContain(`${field}X`)
      }),
    )
  })

  it('that is not JSON is refused', () => {
    expect(() => parseManifest('{', WHERE)).toThrow(`${WHERE} is not JSON`)
  })
})

describe('the hash of features', () => {
  it('changes with a name and with the order', () => {
    const hash = featuresHash(FEATURES)
    expect(featuresHash([...FEATURES])).toBe(hash)
    expect(featuresHash([...FEATURES].reverse())).not.toBe(hash)
    expect(featuresHash(FEATURES.slice(1))).not.toBe(hash)
  })

  it('is that of the shipped models: their features are the ones that this program computes', async () => {
    for (const name of ['pump-health', 'motor-health']) {
      const path = new URL(`../../models/${name}/1.0.0/manifest.json`, import.meta.url)
      const manifest = parseManifest(await readFile(path, 'utf8'), name)
      expect(manifest.features.hash).toBe(featuresHash(manifest.features.names))
      expect(manifest.channels.map((channel) => channel.name)).toEqual(
        expect.arrayContaining(CHANNELS.slice(0, 2)),
      )
    }
  })
})
