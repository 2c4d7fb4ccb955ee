/**
 * Answers of the broker that get lost (checks 4 and 15): the client can't know whether what it asked for was done, and
 * must neither lose nor double it.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { EventLog } from '../../src/core/ports.ts'
import { topicNames } from '../../src/core/topics.ts'
import { openKafkaLog } from '../../src/eventlog/kafka.ts'
import { kafkaSettings } from '../support/kafka.ts'
import type { Api } from '../support/kafka-proxy.ts'
import { type ProxiedKafka, proxiedKafka } from '../support/proxied-kafka.ts'
import { requires } from '../support/requires.ts'
import { PARTITIONS, readAll, record, text, until } from './harness.ts'
import { checkCounted, counting, untilCommitted } from './kafka-counting.ts'
import { freshPrefix } from './kafka-subject.ts'

// Brokers and processes start and end here, on machines that are busy with other tests as well.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

let kafka: ProxiedKafka

async function open(brokers: string, topics = topicNames(freshPrefix())) {
  const group = `${topics.readings}-engine`
  const log = await openKafkaLog({
    kafka: kafkaSettings(brokers),
    partitions: PARTITIONS,
    topics,
    group,
    retentionMs: Number.POSITIVE_INFINITY,
  })
  return { log, topics, group }
}

const readings = (topic: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => record(topic, `k${i % 5}`, `${from + i}`, 0))

describe.skipIf(requires('kafka').missing)('lost answers', () => {
  beforeAll(async () => {
    kafka = await proxiedKafka()
  })
  afterAll(() => kafka.stop())

  const steps: readonly Api[] = [
    'AddPartitionsToTxn',
    'Produce',
    'AddOffsetsToTxn',
    'TxnOffsetCommit',
    'EndTxn',
    'InitProducerId',
  ]
  /** These change nothing at the broker that asking again would double: a lost request is as a lost answer. */
  const questions: readonly Api[] = [
    'OffsetFetch',
    'Fetch',
    'ListOffsets',
    'Heartbeat',
    'JoinGroup',
    'SyncGroup',
  ]
  const cases = [
    ...steps.flatMap((api) => (['answer', 'request'] as const).map((lost) => [api, lost] as const)),
    ...questions.map((api) => [api, 'answer'] as const),
  ]

  test.each(cases)('%s, the %s lost three times: a commit is done once (check 4)', async (api, lost) => {
    const outside = await open(kafka.brokers)
    const { log, topics, group } = await open(kafka.proxied, outside.topics)
    const errors: Error[] = []
    const follow = (from: EventLog) =>
      from.follow({
        topic: topics.readings,
        group,
        batchRecords: 10,
        open: (partition) => counting(topics, partition, { snapshotEvery: 15 }),
        onError: (error) => errors.push(error),
      })
    const isBefore = ['InitProducerId', 'JoinGroup', 'SyncGroup', 'OffsetFetch', 'ListOffsets'].includes(api)
    let cut = isBefore ? kafka.proxy.cut(api, lost, 3) : null
    const follower = follow(log)
    for (let round = 0; round < 4; round++) {
      if (round === 1) cut ??= kafka.proxy.cut(api, lost, 3)
      await outside.log.append(readings(topics.readings, round * 25, round * 25 + 25))
      await untilCommitted(outside.log, group, topics.readings, (round + 1) * 25)
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
      const { log, topics } = await open(kafka.proxied)
      await log.append(readings(topics.readings, 0, 1))
      const cut = kafka.proxy.cut('Produce', lost, 3)
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

  test('while the brokers are away an append holds on and says so, and then it is written once', async () => {
    const { log, topics } = await open(kafka.proxied)
    await log.append(readings(topics.readings, 0, 5))
    expect(log.trouble?.()).toBe(null)
    const cut = kafka.proxy.cut('Produce', 'answer')
    const held = log.append(readings(topics.readings, 5, 10))
    await until(() => cut.times === 0)
    kafka.proxy.sever()
    await until(() => log.trouble?.() !== null)
    expect(log.trouble?.()).toMatchObject({
      code: 'log-unavailable',
      message: expect.stringContaining("can't be reached (appending)"),
    })
    await kafka.proxy.mend()
    await held
    expect(log.trouble?.()).toBe(null)
    const found = (await readAll(log, topics.readings, 0)).map(({ value }) => text(value))
    expect(found).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`))
    await log.close()
  })

  test('an append that has sent nothing yet fails as a whole, and may be tried again', async () => {
    const { log, topics } = await open(kafka.proxied)
    await log.append(readings(topics.readings, 0, 5))
    kafka.proxy.sever()
    // The client has heard that its connections ended: it will not send before it has another.
    await new Promise((resolve) => setTimeout(resolve, 300))
    await expect(log.append(readings(topics.readings, 5, 10))).rejects.toMatchObject({
      code: 'log-unavailable',
    })
    await kafka.proxy.mend()
    await log.append(readings(topics.readings, 5, 10))
    expect(await readAll(log, topics.readings, 0)).toHaveLength(10)
    await log.close()
  })

  test('a log that is closed while it holds on says that it does not know', async () => {
    const { log, topics } = await open(kafka.proxied)
    await log.append(readings(topics.readings, 0, 5))
    const cut = kafka.proxy.cut('Produce', 'answer', 1000)
    const held = log.append(readings(topics.readings, 5, 10))
    await until(() => cut.times < 1000)
    const closed = log.close()
    await expect(held).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('closed before'),
    })
    await closed
    cut.times = 0
  })
})
