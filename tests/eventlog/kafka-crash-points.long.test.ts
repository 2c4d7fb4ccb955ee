/** A worker killed at every step of a commit, before and after the broker has done it (check 3): all or nothing counts. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { topicNames } from '../../src/core/topics.ts'
import { openKafkaLog } from '../../src/eventlog/kafka.ts'
import { kafkaSettings } from '../support/kafka.ts'
import type { Api } from '../support/kafka-proxy.ts'
import { type ProxiedKafka, proxiedKafka } from '../support/proxied-kafka.ts'
import { requires } from '../support/requires.ts'
import { startScript } from './child.ts'
import { record, until } from './harness.ts'
import { checkCounted, untilCommitted } from './kafka-counting.ts'
import { freshPrefix } from './kafka-subject.ts'

// Brokers and processes start and end here, on machines that are busy with other tests as well.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const SCRIPT = fileURLToPath(new URL('./kafka-worker.mjs', import.meta.url))
const SESSION_MS = '1000'
const READINGS = 50

const STEPS: readonly Api[] = [
  'InitProducerId',
  'OffsetFetch',
  'AddPartitionsToTxn',
  'Produce',
  'AddOffsetsToTxn',
  'TxnOffsetCommit',
  'EndTxn',
]
const CASES = STEPS.flatMap((api) => (['request', 'answer'] as const).map((lost) => [api, lost] as const))

describe.skipIf(requires('kafka').missing)('killed', () => {
  let kafka: ProxiedKafka
  beforeAll(async () => {
    kafka = await proxiedKafka()
  })
  afterAll(() => kafka.stop())

  test.each(CASES)('at %s, while it waits and the %s is lost (check 3)', async (api, lost) => {
    const prefix = freshPrefix()
    const topics = topicNames(prefix)
    const group = `${prefix}engine`
    const log = await openKafkaLog({
      kafka: kafkaSettings(kafka.brokers),
      partitions: 1,
      topics,
      group,
      retentionMs: Number.POSITIVE_INFINITY,
    })
    const send = (from: number) =>
      log.append(
        Array.from({ length: READINGS }, (_, i) => record(topics.readings, `k${i % 3}`, `${from + i}`)),
      )
    await send(0)
    const isBefore = api === 'InitProducerId' || api === 'OffsetFetch'
    const held = isBefore ? kafka.proxy.hold(api, lost) : null
    const first = startScript(SCRIPT, [kafka.proxied, prefix, '1', SESSION_MS])
    if (held === null) await first.said('committed')
    const point = held ?? kafka.proxy.hold(api, lost)
    await send(READINGS)
    await until(() => point.times === 0)
    await first.kill()

    const second = startScript(SCRIPT, [kafka.proxied, prefix, '1', SESSION_MS])
    await untilCommitted(log, group, topics.readings, 2 * READINGS)
    second.kill('SIGTERM')
    expect(await second.ended).toBe(0)
    expect(await checkCounted(log, topics)).toBe(2 * READINGS)
    await log.close()
  })
})
