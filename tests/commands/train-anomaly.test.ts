import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createFleet, MACHINE_CLASSES } from '../../simulators/fleet.ts'
import { evaluate } from '../../src/commands/evaluate.ts'
import { score } from '../../src/commands/score.ts'
import { train } from '../../src/commands/train.ts'
import type { TrainOptions } from '../../src/commands/train-source.ts'
import { loadBackend } from '../../src/model/backend.ts'
import { serveModel } from '../../src/model/serving.ts'
import { requires } from '../support/requires.ts'

const START_MS = Date.UTC(2026, 0, 5)

/** Level and unrest of each channel: fewer inputs, quicker learned. */
const FEATURES = MACHINE_CLASSES.pump.channels.flatMap(({ name }) => [`${name}.mean`, `${name}.std`])

interface Line {
  readonly asset: string
  readonly windowEnd: number
  readonly anomaly?: number
  readonly failureProbability?: number
  readonly contributions?: readonly { readonly share: number }[]
  readonly learning?: boolean
}

/** Recorded pumps: healthy ones to learn from, and one day on which pump-01 cavitates. */
async function plant() {
  const dir = await mkdtemp(join(tmpdir(), 'forewarn-anomaly-'))
  const run = { startMs: START_MS, intervalMs: 2000, durationMs: 1_200_000 }
  const fault = {
    asset: 'pump-01',
    kind: 'cavitation' as const,
    fromMs: START_MS + 300_000,
    growthMs: 700_000,
  }
  const healthy = createFleet({ pump: 6 }, { ...run, seed: 1, faults: [] })
  const later = createFleet({ pump: 3 }, { ...run, seed: 1, faults: [fault] })
  const paths = {
    healthy: join(dir, 'healthy.jsonl'),
    later: join(dir, 'later.jsonl'),
    labels: join(dir, 'labels.csv'),
    config: join(dir, 'forewarn.yaml'),
    scores: join(dir, 'scores.jsonl'),
  }
  const text = (fleet: typeof healthy) =>
    [...fleet.readings()].map((reading) => `${JSON.stringify(reading)}\n`).join('')
  await writeFile(paths.healthy, text(healthy))
  await writeFile(paths.later, text(later))
  const labels = later.labels.map(({ asset, from, to, kind }) => [asset, from, to, kind].join(','))
  await writeFile(paths.labels, `${['asset,from,to,kind', ...labels].join('\n')}\n`)
  await writeFile(
    paths.config,
    [
      `models: { dir: ${JSON.stringify(join(dir, 'models'))} }`,
      'pipelines:',
      '  - name: pumps',
      '    assets: pump-*',
      '    model: pump-normal@1.2.0',
      `    features: [${FEATURES.join(', ')}]`,
      '    window: { size: 20s, lateness: 1s }',
    ].join('\n'),
  )
  return { dir, ...paths, fault }
}

describe.skipIf(requires('native').missing)('train --kind anomaly', () => {
  const said: string[] = []
  let there: Awaited<ReturnType<typeof plant>>

  function listen() {
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0)
    vi.spyOn(console, 'log').mockImplementation((text) => said.push(String(text)))
    vi.spyOn(console, 'error').mockImplementation((text) => said.push(String(text)))
  }

  const options = (change: Partial<TrainOptions> = {}): TrainOptions => ({
    ...{ kind: 'anomaly', config: there.config, input: [there.healthy], duration: 0, interval: 0 },
    ...{ seed: 1, output: join(there.dir, 'models') },
    ...change,
  })

  beforeAll(async () => {
    there = await plant()
    listen()
    await train(options())
    vi.restoreAllMocks()
  })

  afterEach(() => {
    vi.restoreAllMocks()
    said.length = 0
  })

  it('needs no labels; the model serves, and its card tells its false alarms', async () => {
    const path = join(there.dir, 'models', 'pump-normal', '1.2.0')
    const model = await serveModel(await loadBackend(), join(there.dir, 'models'), 'pump-normal')
    expect(model).toMatchObject({ kind: 'anomaly', window: { sizeMs: 20_000, hopMs: 20_000 } })
    expect(model.manifest.probes).toHaveLength(8)
    const { heldOut } = model.manifest.anomaly!
    expect(heldOut).toMatchObject({ by: 'asset', positive: 0 })
    expect(heldOut.model).toMatchObject({ falseAlarms: 0, prAuc: null })
    model.scorer.dispose()
    const card = await readFile(join(path, 'README.md'), 'utf8')
    expect(card).toContain('| both, as served |')
    expect(card).toContain('forewarn train --kind anomaly --config')
  })

  it('scores a recording through `score`, says why, and finds the fault', async () => {
    listen()
    await score({ config: there.config, input: [there.later], output: there.scores })
    const lines = (await readFile(there.scores, 'utf8')).trimEnd().split('\n')
    const scores = lines.map((line): Line => JSON.parse(line)).filter(({ anomaly }) => anomaly !== undefined)
    expect(scores.length).toBeGreaterThan(150)
    expect(scores.some((line) => line.failureProbability !== undefined || line.learning === true)).toBe(false)
    const { fromMs, growthMs } = there.fault
    const failing = scores.filter(
      ({ asset, windowEnd }) =>
        asset === 'pump-01' && windowEnd > fromMs + growthMs * 0.6 && windowEnd <= fromMs + growthMs,
    )
    expect(failing.filter(({ anomaly }) => anomaly! > 0.5).length).toBeGreaterThan(failing.length * 0.9)
    const healthy = scores.filter(({ asset }) => asset !== 'pump-01')
    expect(healthy.filter(({ anomaly }) => anomaly! > 0.5).length).toBeLessThan(healthy.length * 0.05)
    const explained = scores.filter(({ contributions }) => contributions !== undefined)
    expect(explained.length).toBeGreaterThan(0)
    for (const { contributions } of explained) {
      const most = contributions!.map(({ share }) => Math.abs(share))
      expect(most[0]).toBe(Math.max(...most))
    }
  })

  it('is judged by `evaluate` as any other', async () => {
    listen()
    const output = join(there.dir, 'report')
    await evaluate({
      ...{ model: join(there.dir, 'models', 'pump-normal'), input: [there.later], labels: there.labels },
      ...{ duration: 0, interval: 0, faults: 0, seed: 1, output },
    })
    const report = JSON.parse(await readFile(join(output, 'evaluation.json'), 'utf8'))
    expect(report.model).toMatchObject({ name: 'pump-normal', kind: 'anomaly' })
    expect(report.verdicts[0].windows.prAuc).toBeGreaterThan(0.9)
  })

  it('with --labels leaves out the windows that they touch, and judges by them', async () => {
    listen()
    const config = join(there.dir, 'short.yaml')
    await writeFile(config, (await readFile(there.config, 'utf8')).replace('size: 20s', 'size: 10s'))
    const output = join(there.dir, 'labelled')
    await train(options({ config, input: [there.later], labels: there.labels, output }))
    const path = join(output, 'pump-normal', '1.2.0')
    const { training, anomaly } = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8'))
    const { by, windows, positive, model } = anomaly.heldOut
    // Three pumps of 120 windows at most; those of pump-01 from its fault on teach nothing.
    expect(training).toMatchObject({ positiveRows: 0, assets: 3 })
    expect(training.rows + windows).toBeLessThanOrEqual(3 * 120 - 90)
    expect(by).toBe('time')
    expect(positive).toBeGreaterThan(20)
    expect(model.prAuc).toBeGreaterThan(0.8)
    expect(await readFile(join(path, 'README.md'), 'utf8')).toContain(`| ${model.prAuc} |`)
  })

  it('makes a model that is not served when it scores otherwise than its manifest says', async () => {
    const dir = join(there.dir, 'spoilt')
    await cp(join(there.dir, 'models'), dir, { recursive: true })
    const file = join(dir, 'pump-normal', '1.2.0', 'manifest.json')
    const manifest = JSON.parse(await readFile(file, 'utf8'))
    manifest.anomaly.limit *= 2
    manifest.anomaly.companion.limit *= 2
    await writeFile(file, JSON.stringify(manifest))
    const served = serveModel(await loadBackend(), dir, 'pump-normal')
    await expect(served).rejects.toThrow(/probes\.\d\.score is .*this program computes/)
  })

  it.each<[string, Partial<TrainOptions>, string]>([
    ['a simulated fleet', { simulate: { pump: 3 }, input: undefined }, '--simulate is for --kind failure'],
    ['folds', { folds: 3 }, '--folds is for --kind failure'],
    ['several nets', { nets: 2 }, '--nets is for --kind failure'],
  ])('refuses %s', async (_, change, message) => {
    listen()
    await expect(train(options(change))).rejects.toThrow(message)
  })
})
