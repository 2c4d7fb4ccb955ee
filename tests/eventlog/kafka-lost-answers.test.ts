/**
 * Answers of the broker that get lost (checks 4 and 15): the client can't know whether what it asked for was done, and
 * must neither lose nor double it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EventLog } from '../../src/core/ports.ts'
import { topicNames } from '../../src/core/topics.ts'
import { openKafkaLog } from '../../src/eventlog/kafka.ts'
import { kafkaSettings, type OwnKafka, ownKafka } from '../support/kafka.ts'
import { type Api, type KafkaProxy, startProxy } from '../support/kafka-proxy.ts'
import { freePort } from '../support/mosquitto.ts'
import { requires } from '../support/requires.ts'
import { PARTITIONS, readAll, record, text, until } from './harness.ts'
import { checkCounted, counting } from './kafka-counting.ts'
import { freshPrefix } from './kafka-subject.ts'

let kafka: OwnKafka
let proxy: KafkaProxy

async function open(brokers: string, topics = topicNames(freshPrefix())) {
  const log = await openKafkaLog({
    kafka: kafkaSettings(brokers),
    partitions: PARTITIONS,
    topics,
    group: `${topics.readings}-engine`,
    retentionMs: Number.POSITIVE_INFINITY,
  })
  return { log, topics }
}

const throughProxy = () => `127.0.0.1:${proxy.port}`

const readings = (topic: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => record(topic, `k${i % 5}`, `${from + i}`, 0))

describe.skipIf(requires('kafka').missing)('lost answers', () => {
  beforeAll(async () => {
    const port = await freePort()
    proxy = await startProxy(port)
    kafka = await ownKafka({
      listeners: [{ name: 'PROXY', protocol: 'PLAINTEXT', port, advertisedPort: proxy.port }],
    })
  })
  afterAll(async () => {
    await proxy.close()
    await kafka.stop()
  })

  const steps: readonly Api[] = [
    'AddPartitionsToTxn',
    'Produce',
    'AddOffsetsToTxn',
    'TxnOffsetCommit',
    'EndTxn',
    'InitProducerId',
    'OffsetFetch',
    'Fetch',
    'ListOffsets',
    'Heartbeat',
    'JoinGroup',
    'SyncGroup',
  ]
  const cases = steps.flatMap((api) => (['answer', 'request'] as const).map((lost) => [api, lost] as const))

  test.each(cases)('%s, the %s lost three times: a commit is done once', async (api, lost) => {
    const outside = await open(kafka.brokers)
    const { log, topics } = await open(throughProxy(), outside.topics)
    const errors: Error[] = []
    const follow = (from: EventLog) =>
      from.follow({
        topic: topics.readings,
        group: 'engine',
        batchRecords: 10,
        open: (partition) => counting(topics, partition, { snapshotEvery: 15 }),
        onError: (error) => errors.push(error),
      })
    const isBefore = ['InitProducerId', 'JoinGroup', 'SyncGroup', 'OffsetFetch', 'ListOffsets'].includes(api)
    let cut = isBefore ? proxy.cut(api, lost, 3) : null
    const follower = follow(log)
    for (let round = 0; round < 4; round++) {
      if (round === 1) cut ??= proxy.cut(api, lost, 3)
      await outside.log.append(readings(topics.readings, round * 25, round * 25 + 25))
      await until(async () => (await readAll(outside.log, topics.scores, 0)).length >= (round + 1) * 25)
    }
    await until(() => cut!.times === 0)
    await follower.stop()
    await log.close()
    expect(await checkCounted(outside.log, topics)).toBe(100)
    await outside.log.close()
  })

  test.each(['answer', 'request'] as const)(
    '20 appends at once while the %s of a produce is lost: each is in the log once, in order (check 15)',
    async (lost) => {
      const { log, topics } = await open(throughProxy())
      await log.append(readings(topics.readings, 0, 1))
      const cut = proxy.cut('Produce', lost, 3)
      await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          log.append([0, 1, 2].map((partition) => record(topics.readings, 'k', `${n}`, partition))),
        ),
      )
      expect(cut.times).toBe(0)
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const found = (await readAll(log, topics.readings, partition)).map(({ value }) => text(value))
        const wanted = Array.from({ length: 20 }, (_, n) => `${n}`)
        expect(found).toEqual(partition === 0 ? ['0', ...wanted] : wanted)
      }
      await log.close()
    },
  )
})
