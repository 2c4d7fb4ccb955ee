/**
 * A day of 200 assets with 2 % late, 1 % duplicate, 0.1 % malformed, two bad clocks, five silent assets and an outage of
 * ingest, simulated: the balance and the expected alerts hold exactly, on both logs.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { topicNames } from '../../src/core/topics.ts'
import { openEventLog } from '../../src/eventlog/open.ts'
import { dayHolds, daySettings } from '../support/day-check.ts'
import { kafkaSettings, sharedKafka } from '../support/kafka.ts'
import { requires } from '../support/requires.ts'

const DAY = {
  seed: 11,
  assets: 200,
  hours: 24,
  late: 0.02,
  duplicate: 0.01,
  malformed: 0.001,
  silent: 5,
  failing: 6,
  badClocks: true,
  outage: { atHours: 15, minutes: 25 },
}
const TIMEOUT_MS = 900_000

describe('a day of 200 assets', () => {
  test('on the embedded log', { timeout: TIMEOUT_MS }, async () => {
    const dir = await mkdtemp(join(tmpdir(), 'forewarn-day-'))
    const settings = daySettings({ dir: join(dir, 'data') })
    await dayHolds(settings, DAY, (now) => openEventLog(settings.log, { now }))
    await rm(dir, { recursive: true })
  })

  test.skipIf(requires('kafka').missing)('on Kafka', { timeout: TIMEOUT_MS }, async () => {
    const prefix = `day-${process.pid}.`
    const settings = daySettings({
      adapter: 'kafka',
      kafka: kafkaSettings(await sharedKafka()),
      group: `${prefix}engine`,
      topics: topicNames(prefix),
    })
    await dayHolds(settings, DAY, (now) => openEventLog(settings.log, { now }))
  })
})
