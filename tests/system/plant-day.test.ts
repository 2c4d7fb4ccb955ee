/** The day of `plant-day.long.test.ts` in short: fewer machines and hours, on the log in memory. */
import { test } from 'vitest'
import { createMemoryLog } from '../../src/eventlog/memory.ts'
import { dayHolds, daySettings } from '../support/day-check.ts'

const DAY = {
  seed: 11,
  assets: 20,
  hours: 6,
  late: 0.02,
  duplicate: 0.01,
  malformed: 0.001,
  silent: 2,
  failing: 2,
  badClocks: true,
  outage: { atHours: 5, minutes: 25 },
}

test('six hours of 20 assets, late, twice, malformed, silent and by wrong clocks: the balance and the alerts hold exactly', async () => {
  const settings = daySettings({})
  const { partitions, topics, group } = settings.log
  await dayHolds(settings, DAY, async (now) => createMemoryLog({ partitions, topics, group, now }))
})
