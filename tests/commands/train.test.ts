import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createFleet } from '../../simulators/fleet.ts'
import { lineOf } from '../../src/commands/tail.ts'
import { train } from '../../src/commands/train.ts'
import type { TrainOptions } from '../../src/commands/train-source.ts'
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
    interval: 1000,
    seed: 1,
    output,
    ...change,
  }
}

/** Ten pumps as files: eight fail, a config names windows and model, and motors are there to be passed over. */
async function recorded(): Promise<Partial<TrainOptions>> {
  const dir = await mkdtemp(join(tmpdir(), 'forewarn-recorded-'))
  const startMs = Date.UTC(2026, 0, 5)
  const faults = Array.from({ length: 8 }, (_, i) => ({
    asset: `pump-0${i + 1}`,
    kind: i % 2 === 0 ? ('imbalance' as const) : ('cavitation' as const),
    fromMs: startMs + 600_000 + i * 30_000,
    growthMs: 400_000,
  }))
  const run = { seed: 1, startMs, intervalMs: 1000, durationMs: 1_500_000, faults }
  const fleet = createFleet({ pump: 10, motor: 1 }, run)
  const lines = [...fleet.readings()].map((reading) => JSON.stringify(reading))
  const labels = fleet.labels.map(({ asset, from, to, kind }) => [asset, from, to, kind].join(','))
  const config = [
    'assets: [{ match: pump-*, channels: { vibration: { unit: mm/s } } }]',
    'pipelines:',
    '  - { name: pumps, assets: pump-*, model: plant-pumps@2.1.0, window: { size: 10s, lateness: 1s } }',
  ]
  const paths = {
    input: join(dir, 'readings.jsonl'),
    labels: join(dir, 'labels.csv'),
    config: join(dir, 'forewarn.yaml'),
  }
  await writeFile(paths.input, `${lines.join('\n')}\n`)
  await writeFile(paths.labels, `${['asset,from,to,kind', ...labels].join('\n')}\n`)
  await writeFile(paths.config, `${config.join('\n')}\n`)
  return { ...paths, input: [paths.input], simulate: undefined, horizon: 240_000 }
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
    const { kept, loss, heldOutLoss } = training.history![0]!
    expect(training.history).toHaveLength(1)
    expect(kept).toBe(training.epochs)
    expect(heldOutLoss[kept - 1]).toBe(Math.min(...heldOutLoss.map(Number)))
    const card = await readFile(join(path, 'README.md'), 'utf8')
    expect(card).toContain(`- Kept: epoch ${kept} of ${loss.length}, loss ${loss[kept - 1]} on what taught`)
    expect(card).toContain('| windows | precision | recall | F1 | PR-AUC |')
    expect(card).toContain(`| net | ${results[0]!.model.windows!.precision} |`)
    model.scorer.dispose()

    await expect(train(asked)).rejects.toThrow('is there already; --replace writes over it')
    await train({ ...asked, replace: true })
    expect(said.some((line) => line.includes('no difference from what was there'))).toBe(true)
  })

  it('makes a model of recorded files, for the windows and under the name that the config has', async () => {
    listen()
    const files = await recorded()
    await train(await options(files))
    const path = said[said.length - 1]!
    expect(path.endsWith(join('plant-pumps', '2.1.0'))).toBe(true)
    const model = await serveModel(await loadBackend(), join(path, '../..'), 'plant-pumps@2.1.0')
    expect(model).toMatchObject({
      window: { sizeMs: 10_000, hopMs: 10_000 },
      units: { vibration: 'mm/s', flow: null },
    })
    const { training, results } = model.manifest
    expect(training.source).toBe('readings.jsonl with labels.csv')
    expect(training.horizon).toEqual({ share: 0.6, beforeMs: 240_000, afterMs: 600_000 })
    expect(training.assets + training.validationAssets).toBe(8)
    expect(results).toHaveLength(1)
    expect(results[0]!.model.windows!.prAuc).toBeGreaterThan(0.9)
    model.scorer.dispose()
  })

  it('takes what came too late, as tail prints the dead letters: the same net as from all in time', async () => {
    listen()
    const files = await recorded()
    const all = (await readFile(files.input![0]!, 'utf8')).trim().split('\n')
    const isHeld = (_: string, i: number) => i % 3 === 0
    const letters = all.filter(isHeld).map((line, offset) => {
      const { asset, ts } = JSON.parse(line) as { asset: string; ts: number }
      const record = {
        offset,
        timestamp: ts,
        key: asset,
        value: Buffer.from(line),
        headers: { reason: 'late' },
      }
      return lineOf(0, record)
    })
    const dir = dirname(files.config!)
    await writeFile(join(dir, 'late.jsonl'), letters.join('\n'))
    await writeFile(join(dir, 'in-time.jsonl'), all.filter((line, i) => !isHeld(line, i)).join('\n'))
    const weights = async (change: Partial<TrainOptions>) => {
      await train(await options({ ...files, ...change }))
      const manifest = await readFile(join(said[said.length - 1]!, 'manifest.json'), 'utf8')
      return (JSON.parse(manifest) as { files: Record<string, string> }).files['weights.bin']
    }
    const inTime = [join(dir, 'in-time.jsonl')]
    const whole = await weights({})
    expect(await weights({ input: inTime, late: [join(dir, 'late.jsonl')] })).toBe(whole)
    expect(await weights({ input: inTime })).not.toBe(whole)
  })

  it.each<[string, Partial<TrainOptions>, string]>([
    [
      'files without labels',
      { simulate: undefined, input: ['readings.jsonl'] },
      '--input needs --labels FILE',
    ],
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
