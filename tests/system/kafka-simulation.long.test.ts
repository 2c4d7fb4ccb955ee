/** Check 28 in full: 10,000 seeds of the Kafka simulation in one run (`npm run simulate:kafka`). */
import { test } from 'vitest'
import { runKafkaSeeds, seedsToRun } from '../support/kafka-seeds.ts'

const seeds = seedsToRun(10_000)

test(`${seeds.length} seeds: kill -9 between produce and offset commit, during rebalance, during recovery, whatever brokers and network do: all is committed once`, async () => {
  const startedMs = performance.now()
  const { figures, faults } = await runKafkaSeeds(seeds)
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  console.log(
    `kafka simulation: ${seeds.length} seeds in ${seconds} s, ${faults} faults of commits, ${JSON.stringify(figures)}`,
  )
}, 3_600_000)
