/** Three brokers with three copies of everything: one is killed for good in the middle, and nothing is lost or doubled. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { topicNames } from '../../src/core/topics.ts'
import { openKafkaLog } from '../../src/eventlog/kafka.ts'
import { kafkaSettings, type OwnKafka, ownKafka, withAdmin } from '../support/kafka.ts'
import { requires } from '../support/requires.ts'
import { record } from './harness.ts'
import { checkCounted, counting, untilCommitted } from './kafka-counting.ts'
import { freshPrefix } from './kafka-subject.ts'

// Brokers and processes start and end here, on machines that are busy with other tests as well.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const PARTITIONS = 3
const APPENDS = 120
const RECORDS = 20

describe.skipIf(requires('kafka').missing)('three brokers', () => {
  let kafka: OwnKafka
  beforeAll(async () => {
    kafka = await ownKafka({ nodes: 3 })
  })
  afterAll(() => kafka.stop())

  test('one is killed for good while all is going on', async () => {
    const prefix = freshPrefix()
    const topics = topicNames(prefix)
    const group = `${prefix}engine`
    const log = await openKafkaLog({
      kafka: kafkaSettings(kafka.brokers, { requestTimeoutMs: 5000 }),
      partitions: PARTITIONS,
      topics,
      group,
      retentionMs: Number.POSITIVE_INFINITY,
    })
    await withAdmin(kafka.brokers, async (admin) => {
      const { topics: found } = await admin.fetchTopicMetadata({ topics: [topics.readings] })
      expect(found[0]!.partitions.map(({ replicas }) => replicas.length)).toEqual([3, 3, 3])
    })
    const follower = log.follow({
      topic: topics.readings,
      group,
      batchRecords: 30,
      open: (partition) => counting(topics, partition, { snapshotEvery: 40 }),
    })
    for (let n = 0; n < APPENDS; n++) {
      if (n === APPENDS / 3) await kafka.kill(2)
      await log.append(
        Array.from({ length: RECORDS }, (_, i) => record(topics.readings, `k${(n + i) % 17}`, `${n}.${i}`)),
      )
    }
    await untilCommitted(log, group, topics.readings, APPENDS * RECORDS, 60_000)
    await follower.stop()
    expect(await checkCounted(log, topics)).toBe(APPENDS * RECORDS)
    await log.close()
  })
})
