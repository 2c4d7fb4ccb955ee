/** Runs seeds of the Kafka simulation and adds up what happened; the first that fails is told with how to repeat it. */
import { expect } from 'vitest'
import type { ProtocolMutation } from './brokers/mutant.ts'
import { FAULTS, STEPS } from './brokers/network.ts'
import { type KafkaReport, simulateKafka } from './kafka-simulation.ts'

/** What every run of many seeds must have met: a proof is worth something only if there was something to break. */
const COUNTED = [
  'readings',
  'scores',
  'alerts',
  'crashes',
  'pauses',
  'fenced',
  'stale',
  'rebalances',
  'aborted',
  'replayed',
] as const
/** From so many seeds on all of that must have happened, and from so many each request of a commit met each fault. */
const MANY_SEEDS = 100
const FULL_SEEDS = 1000

export interface Seeds {
  readonly seeds: readonly number[]
  /** Of all seeds. */
  readonly figures: Readonly<Record<(typeof COUNTED)[number], number>>
  /** Faults that the requests of commits met, all together. */
  readonly faults: number
}

/**
 * `KAFKA_SIMULATION_SEED=7,8` takes these, `KAFKA_SIMULATION_SEEDS=500` the first 500.
 * @param count how many when the environment says nothing
 */
export function seedsToRun(count: number): readonly number[] {
  const { KAFKA_SIMULATION_SEED: some, KAFKA_SIMULATION_SEEDS: many = count } = process.env
  if (some !== undefined) return some.split(',').map(Number)
  return Array.from({ length: Number(many) }, (_, i) => i + 1)
}

export async function runKafkaSeeds(seeds: readonly number[]): Promise<Seeds> {
  const figures = Object.fromEntries(COUNTED.map((name) => [name, 0])) as Record<
    (typeof COUNTED)[number],
    number
  >
  const met = new Map<string, number>()
  for (const seed of seeds) {
    const report = await simulateKafka(seed)
    if (report.findings.length > 0) throw failed(seed, report)
    for (const name of COUNTED) figures[name] += report[name]
    for (const [name, count] of report.met) met.set(name, (met.get(name) ?? 0) + count)
  }
  const wanted = STEPS.flatMap((step) => FAULTS.map((fault) => `${step}: ${fault}`))
  if (seeds.length >= MANY_SEEDS) {
    for (const [name, count] of Object.entries(figures)) expect(count, name).toBeGreaterThan(0)
  }
  if (seeds.length >= FULL_SEEDS) {
    for (const name of wanted) expect(met.get(name) ?? 0, name).toBeGreaterThan(0)
  }
  return { seeds, figures, faults: wanted.reduce((sum, name) => sum + (met.get(name) ?? 0), 0) }
}

/** The first seed at which a mutation is noticed, and by what. */
export async function firstToNotice(
  mutation: ProtocolMutation,
  most: number,
): Promise<{ readonly seed: number; readonly findings: readonly string[] }> {
  for (let seed = 1; seed <= most; seed++) {
    const { findings } = await simulateKafka(seed, mutation)
    if (findings.length > 0) return { seed, findings }
  }
  return { seed: most, findings: [] }
}

function failed(seed: number, { findings }: KafkaReport): Error {
  return new Error(
    `seed ${seed}: ${findings.length} findings\n${findings.slice(0, 5).join('\n')}\n` +
      `repeat it: KAFKA_SIMULATION_SEED=${seed} npx vitest run tests/system/kafka-simulation.test.ts`,
  )
}
