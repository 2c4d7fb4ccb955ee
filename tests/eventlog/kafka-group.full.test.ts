/** Members of a group in several processes (here: several logs): sharing, handing over, catching up together. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { topicNames } from '../../src/core/topics.ts'
import { type KafkaLog, openKafkaLog } from '../../src/eventlog/kafka.ts'
import { kafkaSettings } from '../support/kafka.ts'
import { type ProxiedKafka, proxiedKafka } from '../support/proxied-kafka.ts'
import { requires } from '../support/requires.ts'
import { effects, received, record, until, watch } from './harness.ts'
import { freshPrefix } from './kafka-subject.ts'

// Brokers and processes start and end here, on machines that are busy with other tests as well.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const PARTITIONS = 4

describe.skipIf(requires('kafka').missing)('a group', () => {
  let kafka: ProxiedKafka
  beforeAll(async () => {
    kafka = await proxiedKafka()
  })
  afterAll(() => kafka.stop())

  async function open(count: number, brokers = kafka.brokers) {
    const prefix = freshPrefix()
    const topics = topicNames(prefix)
    const group = `${prefix}engine`
    const options = {
      // Nobody is given up here who is only short of CPU time.
      kafka: kafkaSettings(brokers, { requestTimeoutMs: 2000, sessionTimeoutMs: 10_000 }),
      partitions: PARTITIONS,
      topics,
      group,
      retentionMs: Number.POSITIVE_INFINITY,
    }
    const logs: KafkaLog[] = []
    for (let i = 0; i < count; i++) logs.push(await openKafkaLog(options))
    const send = (from: number, to: number) =>
      logs[0]!.append(
        Array.from({ length: to - from }, (_, i) =>
          record(topics.readings, 'k', `${from + i}`, (from + i) % PARTITIONS),
        ),
      )
    return { logs, topics, group, send, close: () => Promise.all(logs.map((log) => log.close())) }
  }

  const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `k=${from + i}`)

  test('partitions are shared, none is owned twice, and who stops hands over at once', async () => {
    const { logs, topics, group, send, close } = await open(2)
    const [one, two] = logs.map((log) => watch(log, { topic: topics.readings, group }))
    await until(() => one!.follower.owned().length === 2 && two!.follower.owned().length === 2)
    expect([...one!.follower.owned(), ...two!.follower.owned()].sort()).toEqual([0, 1, 2, 3])
    await send(0, 40)
    await until(() => received([...one!.seen, ...two!.seen]).length === 40)
    await one!.follower.stop()
    await until(() => two!.follower.owned().length === PARTITIONS)
    await send(40, 60)
    await until(() => received([...one!.seen, ...two!.seen]).length === 60)
    await two!.follower.stop()
    expect(received([...one!.seen, ...two!.seen]).sort()).toEqual(numbers(0, 60).sort())
    expect([...one!.errors, ...two!.errors]).toEqual([])
    expect([...one!.seen, ...two!.seen].every(({ closed }) => closed)).toBe(true)
    await close()
  })

  test('a member too many is idle until another leaves', async () => {
    const { logs, topics, group, close } = await open(PARTITIONS + 1)
    const followers = logs.map((log) => watch(log, { topic: topics.readings, group }).follower)
    const owners = () => followers.filter((follower) => follower.owned().length > 0)
    await until(() => owners().length === PARTITIONS)
    await until(() => followers.filter((follower) => follower.idle?.() === true).length === 1)
    const idle = followers.find((follower) => follower.idle?.())!
    await owners()[0]!.stop()
    await until(() => idle.owned().length === 1)
    expect(idle.idle?.()).toBe(false)
    await Promise.all(followers.map((follower) => follower.stop()))
    await close()
  })

  test('members that are to catch up end together, also those that have nothing to do', async () => {
    const { logs, topics, group, send, close } = await open(PARTITIONS + 1)
    await send(0, 100)
    const release: (() => void)[] = []
    const slow = {
      process: async (batch: Parameters<typeof effects>[0]) => {
        if (batch.partition === 3) {
          await new Promise<void>((resolve) => {
            release.push(resolve)
          })
        }
        return effects(batch)
      },
    }
    const watched = logs.map((log) =>
      watch(log, { topic: topics.readings, group, untilCaughtUp: true, batchRecords: 100 }, slow),
    )
    let ended = 0
    for (const { follower } of watched) {
      follower.done.then(() => {
        ended++
      })
    }
    await until(() => release.length > 0)
    await send(100, 120)
    // Whoever holds partition 3 is not done, so nobody is.
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(ended).toBe(0)
    const letGo = setInterval(() => {
      for (const resolve of release.splice(0)) resolve()
    }, 10)
    await Promise.all(watched.map(({ follower }) => follower.done))
    clearInterval(letGo)
    const seen = watched.flatMap((one) => one.seen)
    expect(new Set(received(seen))).toEqual(new Set(numbers(0, 100)))
    const positions = await logs[0]!.positions(group, topics.readings)
    expect(positions).toEqual(Array(PARTITIONS).fill(25))
    await close()
  })

  test('following begins when the brokers come, however late', async () => {
    const { logs, topics, group, send, close } = await open(1, kafka.proxied)
    await send(0, 4)
    kafka.proxy.sever()
    const { follower, seen, errors } = watch(logs[0]!, { topic: topics.readings, group })
    await until(() => errors.length > 0)
    await kafka.proxy.mend()
    await until(() => received(seen).length === 4)
    await follower.stop()
    expect(errors.every((error) => Reflect.get(error, 'code') === 'log-unavailable')).toBe(true)
    await close()
  })

  test('a member of another program in the group is told apart', async () => {
    const { logs, topics, group, close } = await open(1)
    const { Kafka, logLevel } = await import('kafkajs')
    const foreign = new Kafka({ brokers: [kafka.brokers], logLevel: logLevel.NOTHING }).consumer({
      groupId: group,
    })
    await foreign.connect()
    await foreign.subscribe({ topic: topics.readings })
    const joined = new Promise((resolve) => {
      foreign.on(foreign.events.GROUP_JOIN, resolve)
    })
    await foreign.run({ eachMessage: async () => {} })
    await joined
    const { follower, errors } = watch(logs[0]!, { topic: topics.readings, group })
    await until(() => errors.length > 0)
    expect(errors[0]).toMatchObject({ code: 'config', message: expect.stringContaining('log.group') })
    await foreign.disconnect()
    await until(() => follower.owned().length === PARTITIONS)
    await follower.stop()
    await close()
  })
})
