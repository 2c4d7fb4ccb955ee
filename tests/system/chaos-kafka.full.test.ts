/** The short form of `forewarn chaos --log kafka`: the real command on a real broker. */
import { expect, test } from 'vitest'
import { countOf, reportIn } from '../support/chaos-report.ts'
import { runProgram } from '../support/program.ts'
import { requires } from '../support/requires.ts'

const SEED = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000)
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
