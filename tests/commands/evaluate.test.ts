import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createFleet } from '../../simulators/fleet.ts'
import { type EvaluateOptions, evaluate } from '../../src/commands/evaluate.ts'
import type { Report } from '../../src/training/report.ts'

const PUMPS = fileURLToPath(new URL('../../models/pump-health', import.meta.url))
const START_MS = Date.UTC(2026, 0, 5, 6)
const DEFAULTS = { duration: 600_000, interval: 1000, faults: 0, seed: 5 }

describe('evaluate', () => {
  let dir = ''
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'forewarn-evaluate-'))
    vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    vi.spyOn(console, 'log').mockReturnValue()
    const pumps = ['pump-01', 'pump-02', 'pump-03']
    for (const [name, seed] of [
      ['test', 11],
      ['train', 12],
    ] as const) {
      const fleet = createFleet(
        { pump: 3 },
        {
          seed,
          startMs: START_MS,
          intervalMs: 1000,
          durationMs: 900_000,
          faults: pumps
            .slice(0, 2)
            .map((asset) => ({ asset, kind: 'cavitation', fromMs: START_MS + 300_000, growthMs: 300_000 })),
        },
      )
      const lines = [...fleet.readings()].map((reading) => JSON.stringify(reading))
      writeFileSync(join(dir, `${name}.jsonl`), `${lines.join('\n')}\n`)
      const labels = fleet.labels.map(({ asset, from, to, kind }) => `${asset},${from},${to},${kind}`)
      writeFileSync(join(dir, `${name}.csv`), `asset,from,to,kind\n${labels.join('\n')}\n`)
    }
  })
  afterAll(() => {
    rmSync(dir, { recursive: true, force: true })
    vi.restoreAllMocks()
  })

  async function report(options: Partial<EvaluateOptions>, name: string): Promise<Report> {
    const output = join(dir, name)
    await evaluate({ ...DEFAULTS, ...options, output })
    expect(readFileSync(join(output, 'evaluation.html'), 'utf8')).toContain('<h1>Evaluation of ')
    return JSON.parse(readFileSync(join(output, 'evaluation.json'), 'utf8'))
  }
  const files = () => ({ input: [join(dir, 'test.jsonl')], labels: join(dir, 'test.csv') })

  it('judges a model on recordings by the alerts of the lane, beside the rule of its manifest', async () => {
    const found = await report({ model: PUMPS, ...files() }, 'model')
    expect(found.model).toMatchObject({ name: 'pump-health', kind: 'failure' })
    expect(found.verdicts.map(({ name }) => name)).toEqual(['model', 'threshold rule'])
    expect(found.verdicts[0]!.events).toMatchObject({ failures: 2, warned: 2 })
    expect(found.verdicts[0]!.windows!.prAuc).toBeGreaterThan(0.9)
    // Law 6: what training computes of these readings scores as the lane did, to the last bit.
    expect(found.agreement).toMatchObject({ different: 0, windows: found.data.windows })
    expect(found.importance!.channels).toHaveLength(6)
    expect(found.learning).toHaveLength(1)
    expect(found.learning![0]!.loss.length).toBeGreaterThan(found.learning![0]!.kept)
    expect(found.notes.join()).not.toContain('No learning curve')
  })

  it('fits baselines on training files', async () => {
    const baseline = { baselineInput: [join(dir, 'train.jsonl')], baselineLabels: join(dir, 'train.csv') }
    const once = await report({ model: PUMPS, ...files(), ...baseline }, 'once')
    expect(once.verdicts.map(({ name }) => name)).toEqual(['model', 'threshold rule', 'logistic regression'])
    expect(once.verdicts[2]!.windows!.rocAuc).toBeGreaterThan(0.9)
  })

  it('judges a pipeline without a model, but not while it learns', async () => {
    const config = join(dir, 'forewarn.yaml')
    writeFileSync(config, 'pipelines: [{ name: pumps, window: { size: 5s, lateness: 1s, idle: 10s } }]\n')
    const found = await report({ config, ...files() }, 'normal')
    expect(found.model).toBeNull()
    expect(found.verdicts.map(({ name }) => name)).toEqual(['own normal'])
    expect(found.data.learning).toBeGreaterThan(0)
    expect(found.data.judged + found.data.early + found.data.leftOut + found.data.learning).toBe(
      found.data.windows,
    )
    expect(found.notes.join()).toContain('No baselines')
  })

  it('judges by a simulated fleet, the same again', async () => {
    const fleet = { model: PUMPS, simulate: { pump: 2 }, faults: 150, interval: 2000, duration: 1_500_000 }
    const found = await report(fleet, 'fleet')
    expect(found.data).toMatchObject({ assets: 2, learning: 0 })
    expect(found.command).toContain('--simulate pump=2')
    expect(await report(fleet, 'again')).toEqual(found)
    expect(readFileSync(join(dir, 'again/evaluation.html'))).toEqual(
      readFileSync(join(dir, 'fleet/evaluation.html')),
    )
  })

  it('judges by a healthy fleet alone, which teaches no baseline', async () => {
    const fleet = { model: PUMPS, simulate: { pump: 2 }, faults: 0, interval: 2000, duration: 300_000 }
    const { verdicts, data } = await report(fleet, 'healthy')
    expect(data).toMatchObject({ assets: 2, labels: 0 })
    expect(verdicts.map(({ name }) => name)).toEqual(['model', 'threshold rule'])
    const { falseAlerts, healthyMachineDays, falseAlertsPer100MachineDaysAtMost } = verdicts[0]!.events
    expect(falseAlerts).toBe(0)
    expect((falseAlertsPer100MachineDaysAtMost! * healthyMachineDays) / 100).toBeCloseTo(2.996, 2)
  })

  it('judges a table: each row by itself, by the label in it', async () => {
    const [config, map, input] = [
      join(dir, 'table.yaml'),
      join(dir, 'table.map.yaml'),
      join(dir, 'table.csv'),
    ]
    writeFileSync(config, 'pipelines: [{ name: t, window: { count: 1 }, features: [heat.mean] }]\n')
    writeFileSync(
      map,
      'asset: id\ntime: { start: "2026-01-01T00:00:00Z", step: 1s }\nlabel: failed\nchannels: { heat: heat }\n',
    )
    const rows = Array.from({ length: 60 }, (_, i) => `m${i},${20 + (i % 10)},${i % 10 > 7 ? 1 : 0}`)
    writeFileSync(input, `id,heat,failed\n${rows.join('\n')}\n`)
    const found = await report({ config, map, input: [input] }, 'table')
    // Without a model a row alone has no normal of its own yet; that it was judged by is what a model changes.
    expect(found.data).toMatchObject({ assets: 60, labels: 12, windows: 60, learning: 60 })
  })

  it('says what is missing', async () => {
    const wrong = (options: Partial<EvaluateOptions>) => evaluate({ ...DEFAULTS, ...options })
    await expect(wrong({ model: PUMPS })).rejects.toThrow(/either --input .* or --simulate/)
    await expect(wrong({ model: PUMPS, input: ['x.csv'] })).rejects.toThrow(/--labels FILE/)
    await expect(wrong({ ...files(), baselineLabels: 'x' })).rejects.toThrow(/goes with --baseline-input/)
    await expect(wrong({ ...files(), model: join(dir, 'none') })).rejects.toThrow(/no model none/)
    await expect(wrong({ ...files(), pipeline: 'none' })).rejects.toThrow(/no pipeline none/)
    const labels = join(dir, 'other.csv')
    writeFileSync(labels, 'asset,from,to,kind\nfan,1,2,x\n')
    await expect(wrong({ ...files(), labels, model: PUMPS })).rejects.toThrow(/labels of fan/)
  })
})
