/** State restored from a topic that brokers have compacted, and whose end is a transaction that came to nothing (check 7). */
import { ConfigResourceTypes } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { topicNames } from '../../src/core/topics.ts'
import { type KafkaLog, openKafkaLog } from '../../src/eventlog/kafka.ts'
import { connectKafka } from '../../src/eventlog/kafka-client.ts'
import { readCommitted } from '../../src/eventlog/kafka-range.ts'
import { systemScheduler } from '../../src/eventlog/scheduler.ts'
import { kafkaSettings, withAdmin } from '../support/kafka.ts'
import { type ProxiedKafka, proxiedKafka } from '../support/proxied-kafka.ts'
import { requires } from '../support/requires.ts'
import { effects, received, record, type Seen, shown, text, until, watch } from './harness.ts'
import { freshPrefix } from './kafka-subject.ts'

// Brokers and processes start and end here, on machines that are busy with other tests as well.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const KEYS = 1_000_000
const APPEND_RECORDS = 5000

describe.skipIf(requires('kafka').missing)('restored', () => {
  let kafka: ProxiedKafka
  beforeAll(async () => {
    kafka = await proxiedKafka({ 'log.cleaner.backoff.ms': '200' })
  })
  afterAll(() => kafka.stop())

  async function open(brokers: string, prefix = freshPrefix()) {
    const topics = topicNames(prefix)
    const group = `${prefix}engine`
    const log = await openKafkaLog({
      kafka: kafkaSettings(brokers),
      partitions: 1,
      topics,
      group,
      retentionMs: Number.POSITIVE_INFINITY,
    })
    return { log, topics, group, prefix }
  }

  const ownerOf = (log: KafkaLog, topic: string, group: string, process: Parameters<typeof watch>[2] = {}) =>
    watch(log, { topic, group }, process)

  /** Whole state that a new owner is given. */
  async function restored(log: KafkaLog, topic: string, group: string): Promise<Seen> {
    const { follower, seen } = ownerOf(log, topic, group)
    await until(() => follower.owned().length === 1, 120_000)
    await follower.stop()
    return seen[0]!
  }

  test('over the holes of a compaction, to the end (check 7)', async () => {
    const { log, topics, group } = await open(kafka.brokers)
    await withAdmin(kafka.brokers, (admin) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: ConfigResourceTypes.TOPIC,
            name: topics.state,
            configEntries: [
              { name: 'cleanup.policy', value: 'compact' },
              { name: 'segment.ms', value: '100' },
              { name: 'min.cleanable.dirty.ratio', value: '0.001' },
            ],
          },
        ],
      }),
    )
    const write = (round: number) =>
      log.append(
        Array.from({ length: 200 }, (_, i) =>
          record(topics.state, `k${i}`, i % 10 === 9 && round % 2 === 1 ? null : `${round}.${i}`, 0),
        ),
      )
    for (let round = 0; round < 8; round++) {
      await write(round)
      await new Promise((resolve) => setTimeout(resolve, 120))
    }
    const client = await connectKafka(kafkaSettings(kafka.brokers), [topics.state], systemScheduler)
    const left = async () => {
      let count = 0
      for await (const chunk of readCommitted(client, topics.state, 0, 0, 1600)) count += chunk.length
      return count
    }
    await until(async () => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      return (await left()) < 1000
    })
    const { states } = await restored(log, topics.readings, group)
    const wanted = Array.from({ length: 200 }, (_, i) => i).filter((i) => i % 10 !== 9)
    expect(shown(states)).toEqual(wanted.map((i) => `k${i}=7.${i}`))
    await client.close()
    await log.close()
  })

  test('what an owner did not commit is not in the state of the next, though it stands at the end of the topic (check 7)', async () => {
    const outside = await open(kafka.brokers)
    const { log, topics, group } = await open(kafka.proxied, outside.prefix)
    const writing = {
      process: (batch: Parameters<typeof effects>[0]) =>
        effects(batch, {
          state: [...batch.records].flatMap(({ value }) => [
            record(topics.state, `${value}`, 'there'),
            record(topics.state, 'latest', `${value}`),
          ]),
        }),
    }
    const first = ownerOf(log, topics.readings, group, writing)
    await outside.log.append([record(topics.readings, 'k', 'one', 0)])
    await until(() => first.seen[0]?.confirmed.length === 1)
    // Its second commit is on the broker but for its end, which never arrives.
    const held = kafka.proxy.hold('EndTxn', 'request')
    await outside.log.append([record(topics.readings, 'k', 'two', 0)])
    await until(() => held.times === 0)
    kafka.proxy.sever()
    const next = ownerOf(outside.log, topics.readings, group)
    await until(() => received(next.seen).length > 0)
    await next.follower.stop()
    expect(shown(next.seen[0]!.states)).toEqual(['one=there', 'latest=one'])
    expect(next.seen[0]!.committed).toBe(1)
    expect(received(next.seen)).toEqual(['k=two'])
    await first.follower.stop()
    await log.close()
    await outside.log.close()
    await kafka.proxy.mend()
  })

  test('an empty state, and one of a million keys of which some were written twice, some removed (check 7)', async () => {
    const { log, topics, group } = await open(kafka.brokers)
    expect((await restored(log, topics.readings, group)).states).toEqual([])
    /** Every tenth key twice, the second time every hundredth without a value. */
    const written = function* () {
      for (let i = 0; i < KEYS; i++) yield record(topics.state, `k${i}`, `${i}`, 0)
      for (let i = 0; i < KEYS; i += 10)
        yield record(topics.state, `k${i}`, i % 100 === 0 ? null : `${i} again`, 0)
    }
    let batch: ReturnType<typeof record>[] = []
    for (const one of written()) {
      batch.push(one)
      if (batch.length < APPEND_RECORDS) continue
      await log.append(batch)
      batch = []
    }
    expect(batch).toEqual([])
    const { states } = await restored(log, topics.readings, group)
    const found = new Map(states.map(({ key, value }) => [key, text(value)]))
    expect(found.size).toBe(states.length)
    expect(found.size).toBe(KEYS - KEYS / 100)
    for (let i = 0; i < KEYS; i++) {
      const wanted = i % 10 > 0 ? `${i}` : i % 100 === 0 ? undefined : `${i} again`
      if (found.get(`k${i}`) !== wanted) expect(`k${i}=${found.get(`k${i}`)}`).toBe(`k${i}=${wanted}`)
    }
    await log.close()
  })
})
