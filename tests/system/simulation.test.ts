import { expect, test } from 'vitest'
import type { Mutation } from '../support/gated-log.ts'
import { type SimulationReport, simulate } from '../support/simulation.ts'

/** One seed instead of many, for finding out why it failed. */
const ONE_SEED = process.env.SIMULATION_SEED
const SEEDS = Number(process.env.SIMULATION_SEEDS ?? 1000)

const seeds =
  ONE_SEED === undefined ? Array.from({ length: SEEDS }, (_, i) => i + 1) : ONE_SEED.split(',').map(Number)

function failed(seed: number, { findings }: SimulationReport): Error {
  return new Error(
    `seed ${seed}: ${findings.length} findings\n${findings.slice(0, 5).join('\n')}\n` +
      `repeat it: SIMULATION_SEED=${seed} npx vitest run tests/system/simulation.test.ts`,
  )
}

test(`${seeds.length} seeds: kill -9 between produce and offset commit, during recovery, with changelog and offsets trimmed by retention: all is committed once, as if nothing had been`, async () => {
  const sum = {
    readings: 0,
    scores: 0,
    alerts: 0,
    silences: 0,
    ingestDown: 0,
    crashes: 0,
    faults: 0,
    replayed: 0,
  }
  const startedMs = performance.now()
  for (const seed of seeds) {
    const report = await simulate(seed)
    if (report.findings.length > 0) throw failed(seed, report)
    for (const what of Object.keys(sum) as (keyof typeof sum)[]) sum[what] += report[what]
  }
  const perSecond = Math.round(seeds.length / ((performance.now() - startedMs) / 1000))
  console.log(`simulation: ${seeds.length} seeds, ${perSecond} seeds/s, ${JSON.stringify(sum)}`)
  // The proof is worth something only if there was something to break.
  if (seeds.length < 100) return
  const { silences, ingestDown, ...others } = sum
  for (const many of Object.values(others)) expect(many).toBeGreaterThan(seeds.length)
  for (const some of [silences - ingestDown, ingestDown]) expect(some).toBeGreaterThan(seeds.length / 5)
}, 300_000)

test('a seed repeats: the same seed, the same run', async () => {
  expect(await simulate(seeds[0]!)).toEqual(await simulate(seeds[0]!))
})

test.each<Mutation>([
  'torn-commit',
  'skip-replay',
  'forget-state',
  'forget-silence',
  'keep-nothing',
  'early-ack',
])('with %s the simulation finds a seed that fails', async (mutation) => {
  let tried = 0
  let findings: readonly string[] = []
  while (findings.length === 0 && tried < 50) ({ findings } = await simulate(++tried, mutation))
  console.log(`simulation: ${mutation} is found by seed ${tried}: ${findings[0]?.slice(0, 120)}`)
  expect(findings).not.toEqual([])
})
