/** Topics on a real broker: made as they must be, or checked, with what to change in the message. */
import { ConfigResourceTypes } from 'kafkajs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TOPICS as SPECS, topicNames } from '../../src/core/topics.ts'
import { type KafkaLogOptions, openKafkaLog } from '../../src/eventlog/kafka.ts'
import { kafkaSettings, sharedKafka, withAdmin } from '../support/kafka.ts'
import { requires } from '../support/requires.ts'
import { GROUP, reading, readTopic, shown } from './harness.ts'
import { freshPrefix } from './kafka-subject.ts'

const DAY_MS = 24 * 3_600_000

let brokers = ''
let options: KafkaLogOptions

const make = (config: Record<string, string>, numPartitions = 3) =>
  withAdmin(brokers, (admin) =>
    admin.createTopics({
      waitForLeaders: false,
      topics: [
        {
          topic: options.topics.readings,
          numPartitions,
          configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
        },
      ],
    }),
  )

const open = async (more: Partial<KafkaLogOptions> = {}) => openKafkaLog({ ...options, ...more })

describe.skipIf(requires('kafka').missing)('topics', () => {
  beforeAll(async () => {
    brokers = await sharedKafka()
  })
  beforeEach(() => {
    options = {
      kafka: kafkaSettings(brokers),
      partitions: 3,
      topics: topicNames(freshPrefix()),
      group: GROUP,
      retentionMs: 7 * DAY_MS,
    }
  })
  afterAll(() =>
    withAdmin(brokers, async (admin) => {
      const ours = (await admin.listTopics()).filter((topic) => topic.startsWith(`test-${process.pid}-`))
      await admin.deleteTopics({ topics: ours })
    }),
  )

  test('missing topics are made: partitions, clean-up, retention, sizes; by several processes at once', async () => {
    const logs = await Promise.all([open(), open(), open()])
    await Promise.all(logs.map((log) => log.close()))
    await withAdmin(brokers, async (admin) => {
      for (const [name, { cleanup }] of Object.entries(SPECS)) {
        const topic = options.topics[name as keyof typeof SPECS]
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
        expect(topics[0]!.partitions).toHaveLength(3)
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
        })
        const config = new Map(
          resources[0]!.configEntries.map((entry) => [entry.configName, entry.configValue]),
        )
        expect(config.get('cleanup.policy')).toBe(cleanup)
        expect(Number(config.get('max.message.bytes'))).toBeGreaterThan(16 * 1024 * 1024)
        // Readings wait for the engine; the program removes them behind it.
        const retention = name === 'readings' ? -1 : 7 * DAY_MS
        if (cleanup === 'delete') expect(Number(config.get('retention.ms'))).toBe(retention)
        else expect(Number(config.get('segment.bytes'))).toBe(50 * 1024 * 1024)
      }
    })
  })

  test('another count of partitions is refused, with both ways out', async () => {
    await make({}, 5)
    await expect(open()).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(
        /readings has 5 partitions, log\.partitions is 3: set log\.partitions to 5/,
      ),
    })
  })

  test('a clean-up that would lose records, or keep them for ever, is refused with the command that mends it', async () => {
    await make({ 'cleanup.policy': 'compact' })
    await expect(open()).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(
        /cleanup\.policy=compact, it must be delete: kafka-configs --alter --topic .*readings --add-config cleanup\.policy=delete/,
      ),
    })
  })

  test('too small a batch is refused; everything that is wrong is said at once', async () => {
    await make({ 'max.message.bytes': '5000', 'cleanup.policy': 'compact,delete' }, 1)
    const opened = open()
    await expect(opened).rejects.toMatchObject({ code: 'config' })
    const { message } = (await opened.catch((error: Error) => error)) as Error
    expect(message.split('\n')).toHaveLength(3)
    expect(message).toMatch(/1 partitions.*\n.*cleanup\.policy=compact,delete.*\n.*max\.message\.bytes=5000/)
  })

  test('records above the limit of an existing topic are refused before anything is sent', async () => {
    await make({ 'max.message.bytes': '1000000' })
    const log = await open()
    const large = { topic: options.topics.readings, key: 'a', value: Buffer.alloc(1_000_000) }
    await expect(log.append([{ ...large, value: Buffer.from('x') }, large])).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining('max.message.bytes'),
    })
    expect((await log.bounds(options.topics.readings)).map(({ end }) => end)).toEqual([0, 0, 0])
    const many = Array.from({ length: 40 }, (_, i) => ({
      ...large,
      value: Buffer.alloc(90_000, i),
      partition: 0,
    }))
    await log.append(many)
    expect((await readTopic(log, options.topics.readings)).map(({ value }) => value![0])).toEqual(
      many.map((_, i) => i),
    )
    await log.close()
  })

  test('read-only makes nothing, takes the count as it is, and takes no append', async () => {
    await expect(open({ readOnly: true })).rejects.toMatchObject({ code: 'not-found' })
    const log = await open()
    const { topic } = { topic: options.topics.readings }
    await log.append([{ ...reading('a', '1'), topic }])
    const visitor = await open({ readOnly: true, partitions: 99 })
    expect(visitor.partitions).toBe(3)
    expect(shown(await readTopic(visitor, topic))).toEqual(['a=1'])
    await expect(visitor.append([{ ...reading('a', '2'), topic }])).rejects.toMatchObject({ code: 'usage' })
    const asGroup = () =>
      visitor.follow({
        topic,
        group: 'g',
        open: () => {
          throw new Error('a visitor has no group')
        },
      })
    expect(asGroup).toThrow(expect.objectContaining({ code: 'usage' }))
    await Promise.all([visitor.close(), log.close()])
  })

  test('brokers that are not there are named', async () => {
    const kafka = kafkaSettings('127.0.0.1:1', { requestTimeoutMs: 200 })
    await expect(open({ kafka })).rejects.toMatchObject({
      code: 'log-unavailable',
      message: expect.stringContaining('Kafka at 127.0.0.1:1 can'),
    })
  })

  test('more copies than there are brokers are refused in words', async () => {
    const kafka = kafkaSettings(brokers, { replication: 3 })
    await expect(open({ kafka })).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('log.kafka.replication'),
    })
  })
})
