/** The backend that this process computes on says what it is, and why. */
import { describe, expect, test } from 'vitest'
import { loadBackend, reasonOf, replaceOldUtilities } from '../../src/model/backend.ts'
import { predictionMs } from '../../src/model/speed.ts'
import { requires } from '../support/requires.ts'

describe.skipIf(requires('native').missing)('with the native library', () => {
  test('it is loaded once, quiet and with one thread', async () => {
    const backend = await loadBackend()
    expect(backend).toMatchObject({ name: 'tensorflow', reason: null })
    expect(backend.version).toMatch(/^2\.\d+\.\d+/)
    expect(backend.tf.getBackend()).toBe('tensorflow')
    expect(await loadBackend()).toBe(backend)
    expect(process.env).toMatchObject({
      ...{ TF_CPP_MIN_LOG_LEVEL: '2', TF_NUM_INTRAOP_THREADS: '1' },
      ...{ ONEDNN_MAX_CPU_ISA: 'AVX2', TF_ENABLE_ONEDNN_OPTS: '0' },
    })
  })

  test('it predicts, and leaves no tensor behind', async () => {
    const backend = await loadBackend()
    const before = backend.tf.memory().numTensors
    expect(predictionMs(backend)).toBeGreaterThan(0)
    expect(backend.tf.memory().numTensors).toBe(before)
  })
})

test('the utilities that newer Nodes lack are given, and those that they warn of replaced', () => {
  const util: Record<string, unknown> = { isArray: () => 'warned' }
  replaceOldUtilities(util)
  const { isNullOrUndefined, isArray } = util as Record<string, (value: unknown) => boolean>
  expect([null, undefined, 0, ''].map((value) => isNullOrUndefined?.(value))).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect([[], 'text'].map((value) => isArray?.(value))).toEqual([true, false])
})

test('the set-up’s reason comes before the loader’s', () => {
  expect(reasonOf('{"way":"wasm","reason":"the storage is closed"}', 'not found')).toBe(
    'the storage is closed',
  )
  expect(reasonOf('{"way":"wheel","version":"2.15.1","reason":null}', 'not found\nat x')).toBe('not found')
  expect(reasonOf(undefined, 'not found')).toBe('not found')
  expect(reasonOf('', 'not found')).toBe('not found')
  expect(reasonOf('{', 'not found')).toBe('not found (FOREWARN_NATIVE_STATUS is not JSON)')
})
