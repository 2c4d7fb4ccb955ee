/**
 * The Kafka adapter and the engine on simulated brokers: every request of a commit is lost, refused, late, or kills its
 * sender; owners sleep and wake up as zombies; the group shares out anew. 10,000 seeds: `npm run simulate:kafka`.
 */
import { expect, test } from 'vitest'
import type { ProtocolMutation } from '../support/brokers/mutant.ts'
import { firstToNotice, runKafkaSeeds, seedsToRun } from '../support/kafka-seeds.ts'
import { simulateKafka } from '../support/kafka-simulation.ts'

const seeds = seedsToRun(120)

test(`${seeds.length} seeds: kill -9 between produce and offset commit, during rebalance, during recovery, whatever brokers and network do: all is committed once`, async () => {
  const startedMs = performance.now()
  const { figures, faults } = await runKafkaSeeds(seeds)
  const perSecond = Math.round(seeds.length / ((performance.now() - startedMs) / 1000))
  console.log(
    `kafka simulation: ${seeds.length} seeds, ${perSecond} seeds/s, ${faults} faults of commits, ${JSON.stringify(figures)}`,
  )
}, 300_000)

test('a seed repeats: the same seed, the same run', async () => {
  expect(await simulateKafka(seeds[0]!)).toEqual(await simulateKafka(seeds[0]!))
})

test.each<ProtocolMutation>(['no-fence', 'late-fence', 'no-abort'])(
  'with %s the simulation finds a seed that fails',
  async (mutation) => {
    const { seed, findings } = await firstToNotice(mutation, 60)
    console.log(`kafka simulation: ${mutation} is found by seed ${seed}: ${findings[0]?.slice(0, 120)}`)
    expect(findings).not.toEqual([])
  },
)
