/** The same log gives the same alerts whatever the batch sizes and threads (check 12), with the shipped net. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { createFleet } from '../../simulators/fleet.ts'
import { type LoadedPipelines, loadPipelines } from '../../src/app/pipelines.ts'
import { DEMO_CONFIG } from '../../src/commands/demo-plant.ts'
import { SHIPPED_MODELS } from '../../src/commands/version.ts'
import { loadConfig } from '../../src/config/load.ts'
import { EMPTY_HEADERS, type LogRecord } from '../../src/core/ports.ts'
import { createLane } from '../../src/engine/lane.ts'
import { runProgram } from '../support/program.ts'
import { requires } from '../support/requires.ts'

const { settings } = loadConfig({
  file: undefined,
  env: {},
  flags: {},
  modelsDir: SHIPPED_MODELS,
  base: DEMO_CONFIG,
})

/** Six machines for ten minutes, of which two fail. */
const fleet = createFleet(
  { pump: 4, motor: 2 },
  {
    seed: 12,
    startMs: 1_700_000_000_000,
    intervalMs: 500,
    durationMs: 600_000,
    faults: [
      { asset: 'pump-02', kind: 'bearing-wear', fromMs: 1_700_000_120_000, growthMs: 120_000 },
      { asset: 'motor-01', kind: 'bearing-wear', fromMs: 1_700_000_200_000, growthMs: 200_000 },
    ],
  },
)
const readings = [...fleet.readings()]

function records(): LogRecord[] {
  const encoder = new TextEncoder()
  return readings.map((reading, offset) => ({
    offset,
    timestamp: reading.ts,
    key: reading.asset,
    value: encoder.encode(JSON.stringify(reading)),
    headers: EMPTY_HEADERS,
  }))
}

describe.skipIf(requires('native').missing)('with the shipped nets', () => {
  let loaded: LoadedPipelines
  beforeAll(async () => {
    loaded = await loadPipelines(settings)
    return () => loaded.dispose()
  })

  function emitted(batch: number): string[] {
    const lane = createLane({
      partition: 0,
      topics: settings.log.topics,
      pipelines: loaded.pipelines,
      limits: settings.limits,
      inferred() {},
    })
    const decoder = new TextDecoder()
    const all = records()
    const lines: string[] = []
    for (let i = 0; i < all.length; i += batch) {
      for (const record of all.slice(i, i + batch)) lane.take(record)
      for (const { topic, key, value } of lane.flush().emit)
        lines.push(`${topic} ${key} ${decoder.decode(value!)}`)
    }
    return lines
  }

  test('batches of 1 to 5000 records give the same bytes', () => {
    const one = emitted(1)
    expect(one.some((line) => line.includes('forewarn.alert.raised') && line.includes('pump-02'))).toBe(true)
    for (const batch of [2, 7, 64, 512, 5000]) expect(emitted(batch), `batches of ${batch}`).toEqual(one)
  })

  test('one thread or two give the same bytes', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'forewarn-threads-'))
    const [config, input] = [join(dir, 'forewarn.yaml'), join(dir, 'readings.jsonl')]
    writeFileSync(config, stringify(DEMO_CONFIG))
    writeFileSync(input, readings.map((reading) => JSON.stringify(reading)).join('\n'))
    const outputs = []
    for (const threads of ['1', '2']) {
      const output = join(dir, `${threads}.jsonl`)
      const env = { TF_NUM_INTRAOP_THREADS: threads, TF_NUM_INTEROP_THREADS: threads }
      const run = await runProgram(['score', '--config', config, '--input', input, '--output', output], env)
      expect(run.status, run.output).toBe(0)
      outputs.push(readFileSync(output, 'utf8'))
    }
    rmSync(dir, { recursive: true, force: true })
    expect(outputs[0]!.length).toBeGreaterThan(10_000)
    expect(outputs[1]).toBe(outputs[0])
  })
})
