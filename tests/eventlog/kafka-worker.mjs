/**
 * A process that works on a Kafka log as a member of a group, for tests that kill it, stop it and wake it. Runs the
 * build. It counts like `kafka-counting.ts`, and prints what it owns, what fails, and its commits.
 *   node kafka-worker.mjs BROKERS PREFIX PARTITIONS SESSION_MS
 */
import { writeSync } from 'node:fs'
import { topicNames } from '../../dist/src/core/topics.js'
import { openKafkaLog } from '../../dist/src/eventlog/kafka.js'

const [, , brokers = '', prefix = '', partitions = '', sessionMs = ''] = process.argv
const topics = topicNames(prefix)
const say = (line) => writeSync(1, `${line}\n`)
const SNAPSHOT_RECORDS = 40

function counting(partition) {
  let count = 0
  let snapshot = { offset: 0, count: 0 }
  return {
    async restore(state, committed) {
      for await (const chunk of state)
        for (const { value } of chunk) snapshot = JSON.parse(Buffer.from(value).toString())
      count = snapshot.count
      if (snapshot.offset > committed) say(`torn: state is at ${snapshot.offset}, position at ${committed}`)
      say(`owns ${partition} from ${committed}`)
      return snapshot.offset
    },
    async process({ records, nextOffset, replay }) {
      const emit = records.map(({ key, value }) => ({
        topic: topics.scores,
        key,
        value: Buffer.from(`${Buffer.from(value)}#${++count}`),
        partition,
      }))
      if (replay || nextOffset - snapshot.offset < SNAPSHOT_RECORDS)
        return { emit, state: [], keepFrom: snapshot.offset }
      snapshot = { offset: nextOffset, count }
      const state = [{ topic: topics.state, key: 'count', value: Buffer.from(JSON.stringify(snapshot)) }]
      return { emit, state, keepFrom: nextOffset }
    },
    committed: ({ nextOffset }) => say(`committed ${partition} ${nextOffset}`),
    async close() {
      say(`left ${partition}`)
    },
  }
}

const log = await openKafkaLog({
  kafka: {
    brokers: brokers.split(','),
    clientId: 'worker',
    ssl: null,
    sasl: null,
    replication: null,
    compression: 'none',
    sessionTimeoutMs: Number(sessionMs),
    transactionTimeoutMs: 10_000,
    requestTimeoutMs: 10_000,
  },
  partitions: Number(partitions),
  topics,
  group: `${prefix}engine`,
  retentionMs: Number.POSITIVE_INFINITY,
})
const follower = log.follow({
  topic: topics.readings,
  group: `${prefix}engine`,
  batchRecords: 20,
  open: counting,
  onError: (error, partition) => say(`error ${partition} ${error.code} ${error.message}`),
})
say('up')
process.on('SIGTERM', async () => {
  await follower.stop()
  await log.close()
  process.exit(0)
})
await follower.done
