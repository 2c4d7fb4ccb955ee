/** The short form of `forewarn chaos`: the real command, a few kills, and the way it ends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { countOf, reportIn } from '../support/chaos-report.ts'
import { runProgram } from '../support/program.ts'

const SEED = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000)
const KILLS = 4

const dirs: string[] = []
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})

test(`the embedded log, ${KILLS} kills (CHAOS_SEED=${SEED} repeats the schedule)`, {
  timeout: 240_000,
}, async () => {
  const { status, output } = await runProgram([
    'chaos',
    '--kills',
    String(KILLS),
    '--seed',
    String(SEED),
    '--json',
  ])
  expect(status, output).toBe(0)
  const report = reportIn(output)
  expect(report, output).toMatchObject({ ok: true, lost: 0, doubled: 0, different: 0, problems: [] })
  expect(countOf(report.done as Record<string, number>, 'kill -9')).toBe(KILLS)
  expect(report.acknowledged).toBeGreaterThan(1000)
  expect(report.repeat).toContain(`--seed ${SEED}`)
  const { readings, scores } = report.records as Record<string, number>
  expect(readings).toBeGreaterThan(1000)
  expect(scores).toBeGreaterThan(0)
})

test('wrong usage says what is there', async () => {
  const unknown = await runProgram(['chaos', '--only', 'flood'])
  expect(unknown.status).toBe(2)
  expect(unknown.output).toContain('there are kill, restart, freeze, lost-acknowledgement')
  const misplaced = await runProgram(['chaos', '--engines', '2'])
  expect(misplaced.status).toBe(2)
  expect(misplaced.output).toContain('go with --log kafka')
})

test('a folder with something in it is not taken', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'forewarn-chaos-'))
  dirs.push(dir)
  writeFileSync(join(dir, 'mine'), '')
  const { status, output } = await runProgram(['chaos', '--keep', dir])
  expect(status).toBe(2)
  expect(output).toContain('is not empty')
})
