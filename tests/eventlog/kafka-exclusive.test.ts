/** Exclusive work on Kafka, where who does it may be on another machine: who comes later shuts out who came before. */
import { expect, test } from 'vitest'
import { topicNames } from '../../src/core/topics.ts'
import { openKafkaLog } from '../../src/eventlog/kafka.ts'
import { kafkaSettings, sharedKafka, withAdmin } from '../support/kafka.ts'
import { requires } from '../support/requires.ts'
import { hasty, readTopic, record, shown } from './harness.ts'
import { freshPrefix } from './kafka-subject.ts'

test.skipIf(requires('kafka').missing)(
  'of two programs that decide at once, one commits; the other leaves nothing',
  async () => {
    const brokers = await sharedKafka()
    const topics = topicNames(freshPrefix())
    const open = () =>
      openKafkaLog({
        kafka: kafkaSettings(brokers),
        partitions: 1,
        topics,
        group: 'engine',
        retentionMs: Number.POSITIVE_INFINITY,
        scheduler: hasty,
      })
    const [first, second] = [await open(), await open()]
    const send = (log: typeof first, name: string, before: () => Promise<void>) =>
      log.exclusively('replay', 0, async (state) => {
        for await (const chunk of state)
          if (chunk.some(({ key }) => key === '/sent')) return { emit: [], state: [] }
        await before()
        return {
          emit: [record(topics.readings, 'k', name, 0)],
          state: [record(topics.state, '/sent', name, 0)],
        }
      })
    const stalled = send(first, 'stalled', () => send(second, 'quick', async () => {}))
    await expect(stalled).rejects.toMatchObject({ code: 'conflict' })
    await send(first, 'again', async () => {})
    expect(shown(await readTopic(second, topics.readings))).toEqual(['k=quick'])
    await Promise.all([first.close(), second.close()])
    await withAdmin(brokers, (admin) => admin.deleteTopics({ topics: Object.values(topics) }))
  },
)
