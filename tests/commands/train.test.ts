import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type TrainOptions, train } from '../../src/commands/train.ts'
import { loadBackend } from '../../src/model/backend.ts'
import { serveModel } from '../../src/model/serving.ts'
import { requires } from '../support/requires.ts'

/** A quarter of an hour of computing shrunk to seconds: few machines, one hour. */
async function options(change: Partial<TrainOptions> = {}): Promise<TrainOptions> {
  const output = await mkdtemp(join(tmpdir(), 'forewarn-train-'))
  return {
    kind: 'failure',
    simulate: { pump: 12 },
    duration: 3_600_000,
    interval: 500,
    seed: 1,
    output,
    ...change,
  }
}

describe.skipIf(requires('native').missing)('train', () => {
  const said: string[] = []
  const listen = () => {
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0)
    vi.spyOn(console, 'log').mockImplementation((text) => said.push(String(text)))
  }

  afterEach(() => {
    vi.restoreAllMocks()
    said.length = 0
  })

  it('makes a model of a simulated fleet that serves, and the same bytes again', async () => {
    listen()
    const asked = await options()
    await train(asked)
    const path = join(asked.output, 'pump-health', '1.0.0')
    expect(said[said.length - 1]).toBe(path)
    const model = await serveModel(await loadBackend(), asked.output, 'pump-health')
    const { training, results, seed } = model.manifest
    expect(training).toMatchObject({
      source: 'simulated fleet pump=12 over 1 h, seed 1',
      horizon: { share: 0.6 },
    })
    expect(training.assets + training.validationAssets).toBe(12)
    expect(seed).toBe(1)
    expect(results.map(({ source }) => source)).toEqual([
      'simulated fleet pump=4 over 2.5 h, with faults, seed 100001',
      'simulated fleet pump=2 over 8 h, healthy, seed 200001',
    ])
    expect(results[0]!.model.windows!.prAuc).toBeGreaterThan(results[0]!.thresholdRule.windows!.prAuc)
    const card = await readFile(join(path, 'README.md'), 'utf8')
    expect(card).toContain('| windows | precision | recall | F1 | PR-AUC |')
    expect(card).toContain(`| net | ${results[0]!.model.windows!.precision} |`)
    model.scorer.dispose()

    await expect(train(asked)).rejects.toThrow('is there already; --replace writes over it')
    await train({ ...asked, replace: true })
    expect(said.some((line) => line.includes('no difference from what was there'))).toBe(true)
  })

  it.each<[string, Partial<TrainOptions>, string]>([
    ['two classes', { simulate: { pump: 2, motor: 2 } }, 'a model is for one class'],
    ['no machine', { simulate: { pump: 0 } }, 'a model is for one class'],
    ['files and a fleet', { input: ['readings.csv'] }, 'train takes either --input'],
  ])('of %s is refused before anything is computed', async (_, change, message) => {
    listen()
    await expect(train(await options(change))).rejects.toThrow(message)
  })

  it('of too few failures says what is missing', async () => {
    listen()
    await expect(train(await options({ simulate: { motor: 1 } }))).rejects.toThrow(
      /labelled failures on [01] assets/,
    )
  })
})
