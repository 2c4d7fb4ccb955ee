/** Transactions by themselves, on a real broker: the fence, and one after another. */
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { topicNames } from '../../src/core/topics.ts'
import { type KafkaLog, openKafkaLog } from '../../src/eventlog/kafka.ts'
import { connectKafka, type KafkaClient } from '../../src/eventlog/kafka-client.ts'
import { committedPosition } from '../../src/eventlog/kafka-owner.ts'
import { statesOf } from '../../src/eventlog/kafka-partition.ts'
import { createTransactions, type Transactions } from '../../src/eventlog/kafka-transaction.ts'
import type { Slice } from '../../src/eventlog/route.ts'
import { type Scheduler, systemScheduler } from '../../src/eventlog/scheduler.ts'
import { isFenced } from '../support/fenced.ts'
import { kafkaSettings, sharedKafka } from '../support/kafka.ts'
import { requires } from '../support/requires.ts'
import { readAll, record, shown } from './harness.ts'
import { freshPrefix } from './kafka-subject.ts'

let log: KafkaLog
let prefix = ''
let topics = topicNames('')
let clients: KafkaClient[] = []
/** Waits that the clients have asked for. */
let waitsMs: number[] = []

const noting: Scheduler = {
  after(ms, task) {
    waitsMs.push(ms)
    return systemScheduler.after(ms, task)
  },
  turn: systemScheduler.turn,
}

async function owner(): Promise<Transactions> {
  const client = await connectKafka(kafkaSettings(await sharedKafka()), Object.values(topics), noting)
  clients.push(client)
  return createTransactions({
    connect: async () => client,
    transactionalId: `${prefix}engine-0`,
    compression: 'none',
    mostBytes: () => 1_000_000,
    now: Date.now,
  })
}

const slice = (topic: string, ...values: string[]): Slice => ({
  topic,
  partition: 0,
  records: values.map((value) => record(topic, 'k', value)),
  places: values.map((_, i) => i),
})

const position = (offset: number) => ({
  group: `${prefix}engine`,
  topic: topics.readings,
  partition: 0,
  offset,
  metadata: `keepFrom=${offset} mark=m${offset}`,
})

const positionNow = () => committedPosition(clients[0]!, `${prefix}engine`, topics.readings, 0)
const scores = async () => shown(await readAll(log, topics.scores, 0))
/** A commit is answered before its markers stand in every partition: what is committed is seen soon, not at once. */
const soon = <T>(seen: () => Promise<T>) => expect.poll(seen, { timeout: 20_000, interval: 20 })

describe.skipIf(requires('kafka').missing)('transactions', () => {
  let brokers = ''
  beforeAll(async () => {
    brokers = await sharedKafka()
  })
  beforeEach(async () => {
    prefix = freshPrefix()
    topics = topicNames(prefix)
    waitsMs = []
    log = await openKafkaLog({
      kafka: kafkaSettings(brokers),
      partitions: 1,
      topics,
      group: `${prefix}engine`,
      retentionMs: Number.POSITIVE_INFINITY,
    })
    return async () => {
      await Promise.all(clients.map((client) => client.close()))
      clients = []
      await log.close()
    }
  })
  afterAll(() => log?.close())

  test('effects, state and position appear together, with what is kept beside the position', async () => {
    const one = await owner()
    await one.open()
    expect(await positionNow()).toEqual({ offset: null, keepFrom: 0, mark: '' })
    await one.commit([slice(topics.scores, 'a', 'b'), slice(topics.state, 's')], position(7))
    await soon(scores).toEqual(['k=a', 'k=b'])
    await soon(positionNow).toEqual({ offset: 7, keepFrom: 7, mark: 'm7' })
    await one.commit([], position(9))
    await soon(positionNow).toMatchObject({ offset: 9 })
  })

  test('who takes over shuts out who was there, whatever that one has under way', async () => {
    const zombie = await owner()
    const heir = await owner()
    await zombie.open()
    await zombie.commit([slice(topics.scores, 'before')], position(1))
    await heir.open()
    const late = zombie.commit([slice(topics.scores, 'late')], position(2))
    await expect(late).rejects.toSatisfy(isFenced)
    expect(zombie.isOpen()).toBe(false)
    await expect(zombie.commit([], position(3))).rejects.toMatchObject({ code: 'unavailable' })
    await heir.commit([slice(topics.scores, 'after')], position(2))
    await soon(scores).toEqual(['k=before', 'k=after'])
  })

  test('two commit at once: of the older one all or nothing counts', async () => {
    for (let round = 0; round < 10; round++) {
      const zombie = await owner()
      const heir = await owner()
      await zombie.open()
      const [late] = await Promise.allSettled([
        zombie.commit(
          [slice(topics.scores, `z${round}`), slice(topics.alerts, `z${round}`)],
          position(2 * round + 1),
        ),
        heir.open(),
      ])
      const isCommitted = late.status === 'fulfilled'
      const { mark } = await positionNow()
      expect(mark === `m${2 * round + 1}`).toBe(isCommitted)
      expect((await scores()).includes(`k=z${round}`)).toBe(isCommitted)
      expect(shown(await readAll(log, topics.alerts, 0)).includes(`k=z${round}`)).toBe(isCommitted)
      await heir.commit([slice(topics.scores, `h${round}`)], position(2 * round + 2))
      await Promise.all(clients.splice(1).map((client) => client.close()))
    }
    await soon(async () => (await scores()).filter((one) => one.startsWith('k=h'))).toHaveLength(10)
  })

  test('one after another none waits longer than brokers need to end the one before', async () => {
    const one = await owner()
    await one.open()
    waitsMs = []
    for (let i = 1; i <= 30; i++) await one.commit([slice(topics.scores, `${i}`)], position(i))
    await soon(scores).toHaveLength(30)
    expect(Math.max(0, ...waitsMs)).toBeLessThanOrEqual(20)
  })

  test('who waits until a commit is seen finds it in every topic at once', async () => {
    const one = await owner()
    await one.open()
    await one.untilSeen()
    for (let i = 1; i <= 20; i++) {
      await one.commit([slice(topics.scores, `${i}`), slice(topics.state, `${i}`)], position(i))
      await one.untilSeen()
      expect(await scores()).toHaveLength(i)
      expect(shown(await readAll(log, topics.state, 0))).toEqual([`k=${i}`])
    }
  })

  test("what is committed behind somebody else's undecided transaction is found by who takes over", async () => {
    const one = await owner()
    await one.open()
    const other = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).producer({
      transactionalId: `${prefix}other`,
      maxInFlightRequests: 1,
    })
    await other.connect()
    const undecided = await other.transaction()
    const messages = [{ key: 'other', value: 'undecided', partition: 0 }]
    await undecided.send({ topic: topics.state, messages })
    await one.commit([slice(topics.state, 'snapshot')], position(7))
    await one.open()
    const found = statesOf(clients[0]!, topics.state, 0).next()
    setTimeout(() => undecided.abort(), 200)
    expect(shown((await found).value ?? [])).toEqual(['k=snapshot'])
    await other.disconnect()
  })

  test('a large commit goes in several batches and appears at once', async () => {
    const one = await owner()
    await one.open()
    const values = Array.from({ length: 60 }, (_, i) => `${i}:${'x'.repeat(90_000)}`)
    await one.commit([slice(topics.scores, ...values), slice(topics.alerts, ...values)], position(1))
    await soon(scores).toEqual(values.map((value) => `k=${value}`))
    const large = slice(topics.scores, 'y'.repeat(1_000_000))
    await expect(one.commit([slice(topics.scores, 'small'), large], position(2))).rejects.toMatchObject({
      code: 'input',
    })
    expect(one.isOpen()).toBe(true)
    await soon(positionNow).toMatchObject({ offset: 1 })
  })
})
