/** The Kafka log as a subject of the laws: topics and groups of its own on the broker of the run. */
import { topicNames } from '../../src/core/topics.ts'
import { type KafkaLogOptions, openKafkaLog } from '../../src/eventlog/kafka.ts'
import { kafkaSettings, sharedKafka, withAdmin } from '../support/kafka.ts'
import { renamedLog } from '../support/renamed-log.ts'
import { GROUP, hasty, type MakeSubject, PARTITIONS, TOPICS } from './harness.ts'

let subjects = 0

/** A prefix that no other test has. */
export function freshPrefix(): string {
  return `test-${process.pid}-${subjects++}.`
}

export const makeKafka: MakeSubject = async (options = {}) => {
  const brokers = await sharedKafka()
  const prefix = freshPrefix()
  const topics = topicNames(`${prefix}t.`)
  const base: KafkaLogOptions = {
    kafka: kafkaSettings(brokers),
    partitions: PARTITIONS,
    topics,
    group: `${prefix}${GROUP}`,
    retentionMs: Number.POSITIVE_INFINITY,
    scheduler: hasty,
    ...options,
  }
  let log = await openKafkaLog(base)
  return {
    get log() {
      return renamedLog(log, prefix, Object.values(TOPICS))
    },
    async restart() {
      await log.close()
      log = await openKafkaLog(base)
    },
    retain: (nowMs) => log.retain(nowMs),
    async dispose() {
      await log.close()
      await withAdmin(brokers, (admin) => admin.deleteTopics({ topics: Object.values(topics) }))
    },
  }
}
