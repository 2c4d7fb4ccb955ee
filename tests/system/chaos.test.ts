/** The short form of `forewarn chaos`: the real command, a few kills, and the way it ends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { runProgram } from '../support/program.ts'
import { requires } from '../support/requires.ts'

const SEED = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000)

const dirs: string[] = []
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})

/** What `--json` prints, behind the lines that tell each step. */
function reportIn(output: string): Record<string, unknown> {
  return JSON.parse(output.slice(output.indexOf('\n{\n') + 1)) as Record<string, unknown>
}

/** How often something was done whose name begins so. */
function countOf(done: Readonly<Record<string, number>>, name: string): number {
  return Object.entries(done)
    .filter(([what]) => what.startsWith(name))
    .reduce((sum, [, count]) => sum + count, 0)
}

test(`the embedded log, 4 kills (CHAOS_SEED=${SEED} repeats the schedule)`, {
  timeout: 240_000,
}, async () => {
  const { status, output } = await runProgram(['chaos', '--kills', '4', '--seed', String(SEED), '--json'])
  expect(status, output).toBe(0)
  const report = reportIn(output)
  expect(report, output).toMatchObject({ ok: true, lost: 0, doubled: 0, different: 0, problems: [] })
  expect(countOf(report.done as Record<string, number>, 'kill -9')).toBe(4)
  expect(report.acknowledged).toBeGreaterThan(1000)
  expect(report.repeat).toContain(`--seed ${SEED}`)
  const { readings, scores } = report.records as Record<string, number>
  expect(readings).toBeGreaterThan(1000)
  expect(scores).toBeGreaterThan(0)
})

const kafka = requires('kafka')

test.skipIf(kafka.missing)(
  `Kafka, 2 kills, a zombie, a lost answer, an engine that comes and goes (CHAOS_SEED=${SEED})`,
  { timeout: 400_000 },
  async () => {
    const only = ['--only', 'kill,zombie,lost-answer', '--rebalance-every', '5s']
    const args = ['chaos', '--log', 'kafka', '--kills', '2', '--seed', String(SEED), '--json', ...only]
    const { status, output } = await runProgram(args)
    expect(status, output).toBe(0)
    const report = reportIn(output)
    expect(report, output).toMatchObject({ ok: true, lost: 0, doubled: 0, different: 0, problems: [] })
    const done = report.done as Record<string, number>
    expect(countOf(done, 'kill -9'), output).toBe(2)
    expect(countOf(done, 'engine asleep'), output).toBe(1)
    expect(countOf(done, 'answer to'), output).toBe(1)
    expect(countOf(done, 'engine added'), output).toBeGreaterThan(0)
    expect(report.acknowledged).toBeGreaterThan(1000)
    expect((report.records as Record<string, number>).scores).toBeGreaterThan(0)
  },
)

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
