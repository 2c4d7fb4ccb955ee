import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { createFleet, MACHINE_CLASSES } from '../../simulators/fleet.ts'
import { type Backend, loadBackend } from '../../src/model/backend.ts'
import { type ServedModel, serveModel } from '../../src/model/serving.ts'
import { buildDataset } from '../../src/training/dataset.ts'

const MODELS = fileURLToPath(new URL('../../models', import.meta.url))
const START_MS = Date.UTC(2026, 5, 1, 9)

/** Scores of each machine's windows, in order, of a fleet in which all have the same fault from minute 10 on. */
function scoresOf(model: ServedModel, className: 'pump' | 'motor', kind: 'bearing-wear' | 'imbalance') {
  const machines = ['01', '02', '03', '04'].map((number) => `${className}-${number}`)
  const fromMs = START_MS + 600_000
  const fleet = createFleet(
    { [className]: machines.length },
    {
      seed: 77,
      startMs: START_MS,
      intervalMs: 500,
      durationMs: 700_000,
      faults: machines.map((asset) => ({ asset, kind, fromMs, growthMs: 90_000 })),
    },
  )
  const dataset = buildDataset(fleet.readings(), [], {
    channels: MACHINE_CLASSES[className].channels.map(({ name }) => name),
    features: model.features,
    window: { ...model.window, latenessMs: 1000, idleMs: 10_000 },
    horizon: { share: 0.6, beforeMs: null, afterMs: 0 },
  })
  const scores = model.scorer.score(dataset.vectors, dataset.rows)
  return machines.map((machine) => {
    const rows = [...scores.keys()].filter((row) => dataset.assets[dataset.asset[row]!] === machine)
    return {
      before: rows.filter((row) => dataset.endMs[row]! <= fromMs).map((row) => scores[row]!),
      failed: rows.filter((row) => dataset.endMs[row]! > fromMs + 60_000).map((row) => scores[row]!),
    }
  })
}

describe.each([
  ['pump', 'imbalance'],
  ['pump', 'bearing-wear'],
  ['motor', 'imbalance'],
  ['motor', 'bearing-wear'],
] as const)('the shipped model for a %s', (className, kind) => {
  let backend: Backend
  let model: ServedModel

  beforeAll(async () => {
    backend = await loadBackend()
    model = await serveModel(backend, MODELS, `${className}-health`)
  })

  it(`scores health low and ${kind} high, on machines of another seed`, async () => {
    for (const { before, failed } of scoresOf(model, className, kind)) {
      expect(before.length).toBeGreaterThan(100)
      expect(before.filter((score) => score > 0.8).length).toBeLessThanOrEqual(1)
      expect(failed.length).toBeGreaterThan(3)
      expect(Math.min(...failed)).toBeGreaterThan(0.8)
    }
  })

  it('says what its pipeline must be like', () => {
    const { channels } = MACHINE_CLASSES[className]
    expect(model.window).toEqual({ sizeMs: 5000, hopMs: 5000 })
    expect(model.kind).toBe('failure')
    expect(model.units).toEqual(Object.fromEntries(channels.map(({ name, unit }) => [name, unit])))
  })
})

describe('a shipped model that scores otherwise than its manifest says', () => {
  it('never goes live', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'forewarn-serving-'))
    await cp(join(MODELS, 'motor-health'), join(dir, 'motor-health'), { recursive: true })
    const file = join(dir, 'motor-health', '1.0.0', 'manifest.json')
    const manifest = JSON.parse(await readFile(file, 'utf8'))
    expect(manifest.probes.length).toBeGreaterThanOrEqual(5)
    const scale = manifest.steps.find((step: { step: string }) => step.step === 'scale')
    scale.mean[0] += scale.std[0]
    await writeFile(file, JSON.stringify(manifest))
    const backend = await loadBackend()
    const before = backend.tf.memory().numTensors
    await expect(serveModel(backend, dir, 'motor-health')).rejects.toThrow(/probes\.\d\.score is .* computes/)
    expect(backend.tf.memory().numTensors).toBe(before)
  })
})
