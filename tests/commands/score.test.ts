import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { score } from '../../src/commands/score.ts'
import { lineOf } from '../../src/commands/tail.ts'
import type { Score } from '../../src/core/records.ts'
import { makePipeline } from '../../src/engine/pipeline.ts'
import { runLane } from '../support/lane-run.ts'
import { LIMITS, pipelineSettings } from '../support/pipeline-settings.ts'

const T = 1_700_000_010_000
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forewarn-score-'))
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(folder, { recursive: true })
})

test('what came too late, as tail prints the dead letters, is given to score and fills the windows that it missed', async () => {
  const all = Array.from({ length: 180 }, (_, i) => ({
    asset: 'pump-1',
    ts: T + i * 1000,
    values: { t: i % 7 },
  }))
  const held = all.slice(20, 25)
  const inTime = all.filter((reading) => !held.includes(reading))
  const arrived = [...inTime.slice(0, 100), ...held, ...inTime.slice(100)]
  const { letters } = runLane(
    [makePipeline(pipelineSettings(), [], LIMITS, null)],
    arrived.map((reading) => ({ at: T + 100_000, reading })),
  )
  expect(letters.map(({ headers }) => headers?.reason)).toEqual(held.map(() => 'late'))
  const file = (name: string) => join(folder, name)
  const printed = letters.map(({ key = null, value, headers = {} }, offset) =>
    lineOf(0, { offset, timestamp: T, key, value, headers }),
  )
  await writeFile(file('late.jsonl'), printed.join('\n'))
  const jsonl = (readings: readonly object[]) => readings.map((one) => `${JSON.stringify(one)}\n`).join('')
  await writeFile(file('in-time.jsonl'), jsonl(inTime))
  await writeFile(file('all.jsonl'), jsonl(all))
  await writeFile(
    file('forewarn.yaml'),
    'pipelines: [{ name: pumps, assets: pump-*, window: { size: 30s, lateness: 10s, idle: 60s } }]\n',
  )
  const scored = async (input: string, late: readonly string[]): Promise<Score[]> => {
    const output = file('scores.jsonl')
    await score({ config: file('forewarn.yaml'), input: [file(input)], late, output })
    const lines = (await readFile(output, 'utf8')).trim().split('\n')
    return lines.map((line) => JSON.parse(line) as Score)
  }
  const filled = await scored('in-time.jsonl', [file('late.jsonl')])
  expect(filled).toEqual(await scored('all.jsonl', []))
  expect(filled.reduce((sum, { count }) => sum + count, 0)).toBe(all.length)
  const without = await scored('in-time.jsonl', [])
  expect(without.reduce((sum, { count }) => sum + count, 0)).toBe(inTime.length)
})
