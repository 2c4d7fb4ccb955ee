/** Simulated pumps through `up`, through `score` and through the code of training: the same bits (law 6). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFleet, MACHINE_CLASSES, type SimulatedReading } from '../../simulators/fleet.ts'
import { loadBackend } from '../../src/model/backend.ts'
import { serveModel } from '../../src/model/serving.ts'
import { buildDataset } from '../../src/training/dataset.ts'
import { compareReplayed } from '../support/replayed.ts'

const MODELS = fileURLToPath(new URL('../../models', import.meta.url))
let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'forewarn-served-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Scores by asset and window as training sees them: its windows and features, and the net of the folder. */
async function trained(readings: readonly SimulatedReading[]): Promise<Map<string, number>> {
  const backend = await loadBackend()
  const { features, scorer } = await serveModel(backend, MODELS, 'pump-health')
  const channels = MACHINE_CLASSES.pump.channels.map(({ name }) => name)
  const window = { sizeMs: 5000, hopMs: 5000, latenessMs: 1000, idleMs: 10_000 }
  const horizon = { share: 0.6, beforeMs: null, afterMs: 0 }
  const dataset = buildDataset(readings, [], { channels, features, window, horizon })
  const scores = scorer.score(dataset.vectors, dataset.rows)
  scorer.dispose()
  const names = Array.from(dataset.asset, (asset) => dataset.assets[asset])
  return new Map(names.map((asset, row) => [`${asset}@${dataset.endMs[row]! - window.sizeMs}`, scores[row]!]))
}

test('simulated pumps through a net, as training computes them', { timeout: 120_000 }, async () => {
  const options = { seed: 4, startMs: Date.UTC(2026, 0, 5, 6), intervalMs: 1000, durationMs: 180_000 }
  const fault = {
    asset: 'pump-01',
    kind: 'cavitation',
    fromMs: options.startMs + 30_000,
    growthMs: 90_000,
  } as const
  const readings = [...createFleet({ pump: 3 }, { ...options, faults: [fault] }).readings()]
  const input = join(dir, 'pumps.jsonl')
  writeFileSync(input, readings.map((reading) => `${JSON.stringify(reading)}\n`).join(''))
  const [config, map] = [join(dir, 'pumps.yaml'), join(dir, 'pumps.map.yaml')]
  writeFileSync(map, 'format: jsonl\n')
  writeFileSync(
    config,
    'pipelines: [{ name: pumps, window: { size: 5s, lateness: 1s, idle: 10s }, model: pump-health }]\n',
  )
  const batch = await compareReplayed(dir, config, map, [input], 90)
  const scores = batch.flatMap(({ asset, windowStart, score, closed }) =>
    closed === 'watermark' ? [[`${asset}@${windowStart}`, score] as const] : [],
  )
  expect(scores.length).toBeGreaterThan(90)
  expect(Math.max(...scores.map(([, score]) => score))).toBeGreaterThan(0.8)
  const expected = await trained(readings)
  expect(scores).toEqual(scores.map(([window]) => [window, expected.get(window)]))
})
