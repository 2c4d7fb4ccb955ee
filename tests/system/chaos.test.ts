/** The short form of `forewarn chaos`: the real command, a few kills, and the way it ends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { runProgram } from '../support/program.ts'

const SEED = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000)

const dirs: string[] = []
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})

/** What `--json` prints, behind the lines that tell each step. */
function reportIn(output: string): Record<string, unknown> {
  return JSON.parse(output.slice(output.indexOf('\n{\n') + 1)) as Record<string, unknown>
}

test(`the embedded log, 6 kills (CHAOS_SEED=${SEED} repeats the schedule)`, {
  timeout: 240_000,
}, async () => {
  const { status, output } = await runProgram(['chaos', '--kills', '6', '--seed', String(SEED), '--json'])
  expect(status, output).toBe(0)
  const report = reportIn(output)
  expect(report, output).toMatchObject({ ok: true, lost: 0, doubled: 0, different: 0, problems: [] })
  const kills = Object.entries(report.done as Record<string, number>)
    .filter(([name]) => name.startsWith('kill -9'))
    .reduce((sum, [, count]) => sum + count, 0)
  expect(kills).toBe(6)
  expect(report.acknowledged).toBeGreaterThan(1000)
  expect(report.repeat).toContain(`--seed ${SEED}`)
  const { readings, scores } = report.records as Record<string, number>
  expect(readings).toBeGreaterThan(1000)
  expect(scores).toBeGreaterThan(0)
})

test('a folder with something in it is not taken', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'forewarn-chaos-'))
  dirs.push(dir)
  writeFileSync(join(dir, 'mine'), '')
  const { status, output } = await runProgram(['chaos', '--keep', dir])
  expect(status).toBe(2)
  expect(output).toContain('is not empty')
})
