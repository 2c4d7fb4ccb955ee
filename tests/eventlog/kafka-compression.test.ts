/** Batches of other producers, in every compression that Kafka knows (check 17): the broker itself compresses them. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { topicNames } from '../../src/core/topics.ts'
import { openKafkaLog } from '../../src/eventlog/kafka.ts'
import { decompress } from '../../src/eventlog/kafka-codecs.ts'
import { decompressSnappy } from '../../src/eventlog/kafka-snappy.ts'
import { kafkaSettings, sharedKafka, withAdmin } from '../support/kafka.ts'
import { requires } from '../support/requires.ts'
import { catchUp, effects, readAll, received, record, text } from './harness.ts'
import { freshPrefix } from './kafka-subject.ts'

const PARTITIONS = 2

/** What compresses well, badly, and not at all; short ones and one of some megabytes. */
function values(): Buffer[] {
  let seed = 7
  const noise = (length: number) =>
    Buffer.from(
      Array.from({ length }, () => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
        return seed >> 16
      }),
    )
  return [
    ...Array.from({ length: 400 }, (_, i) =>
      Buffer.from(`{"asset":"pump-${i % 9}","values":{"temperature":${i}}}`),
    ),
    Buffer.alloc(3_000_000, 'abcdefg'),
    noise(200_000),
    Buffer.alloc(70_000),
    noise(3),
    Buffer.alloc(0),
  ]
}

describe.skipIf(requires('kafka').missing)('compression', () => {
  let brokers = ''
  beforeAll(async () => {
    brokers = await sharedKafka()
  })
  afterAll(() =>
    withAdmin(brokers, async (admin) => {
      const ours = (await admin.listTopics()).filter((topic) => topic.startsWith(`test-${process.pid}-`))
      await admin.deleteTopics({ topics: ours })
    }),
  )

  test.each(['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'])(
    '%s is read and followed (check 17)',
    async (compression) => {
      const prefix = freshPrefix()
      const topics = topicNames(prefix)
      await withAdmin(brokers, (admin) =>
        admin.createTopics({
          waitForLeaders: false,
          topics: [
            {
              topic: topics.readings,
              numPartitions: PARTITIONS,
              configEntries: [
                { name: 'compression.type', value: compression },
                { name: 'max.message.bytes', value: '17000000' },
              ],
            },
          ],
        }),
      )
      const group = `${prefix}engine`
      const log = await openKafkaLog({
        kafka: kafkaSettings(brokers),
        partitions: PARTITIONS,
        topics,
        group,
        retentionMs: Number.POSITIVE_INFINITY,
      })
      const wanted = values()
      await log.append(wanted.map((value) => ({ topic: topics.readings, key: 'k', value, partition: 1 })))
      const found = await readAll(log, topics.readings, 1)
      expect(found).toHaveLength(wanted.length)
      found.forEach(({ value }, i) => {
        expect(Buffer.compare(value!, wanted[i]!)).toBe(0)
      })
      const { seen, errors } = await catchUp(
        log,
        { topic: topics.readings, group },
        {
          process: (batch) =>
            effects(batch, { emit: [record(topics.scores, 'k', `${batch.records.length}`)] }),
        },
      )
      expect(received(seen, 1)).toHaveLength(wanted.length)
      expect(errors).toEqual([])
      await log.close()
    },
  )

  test.each(['none', 'gzip'] as const)('what we write as %s comes back', async (compression) => {
    const prefix = freshPrefix()
    const topics = topicNames(prefix)
    const log = await openKafkaLog({
      kafka: kafkaSettings(brokers, { compression }),
      partitions: PARTITIONS,
      topics,
      group: `${prefix}engine`,
      retentionMs: Number.POSITIVE_INFINITY,
    })
    await log.append(values().map((value) => ({ topic: topics.alerts, key: 'k', value, partition: 0 })))
    const found = await readAll(log, topics.alerts, 0)
    expect(found.map(({ value }) => text(value)!.length)).toEqual(
      values().map((value) => value.toString().length),
    )
    await log.close()
  })
})

test.each([2, 3])('codec %i: damaged bytes are an error, never a hang nor a crash', (codec) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const lz4 = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82])
      for (const head of [Buffer.alloc(0), lz4, Buffer.from([200, 1])]) {
        try {
          decompress(codec, Buffer.concat([head, bytes]))
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }
    }),
    { numRuns: 3000 },
  )
})

test('what unfolds into more than it may is refused', () => {
  // A Snappy block of one letter and matches of 64 that repeat it.
  const matches = Buffer.concat(Array.from({ length: 1000 }, () => Buffer.from([0xfe, 1, 0])))
  const bomb = Buffer.concat([Buffer.from([0x81, 0xf4, 0x03, 0, 0x61]), matches])
  expect(decompressSnappy(bomb, 100_000)).toEqual(Buffer.alloc(64_001, 'a'))
  expect(() => decompressSnappy(bomb, 64_000)).toThrow(/larger than 64000 bytes/)
})
