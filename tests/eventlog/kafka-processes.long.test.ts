/**
 * Several processes in a group, killed, stopped for longer than their session and woken (zombies), added and taken away,
 * and their broker killed: checks 1, 2, 5 and 6 in short. What they wrote must be what one undisturbed process would.
 */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { topicNames } from '../../src/core/topics.ts'
import { type KafkaLog, openKafkaLog } from '../../src/eventlog/kafka.ts'
import { kafkaSettings, type OwnKafka, ownKafka } from '../support/kafka.ts'
import { requires } from '../support/requires.ts'
import { type Child, startScript } from './child.ts'
import { record, until } from './harness.ts'
import { checkCounted, untilCommitted } from './kafka-counting.ts'
import { freshPrefix } from './kafka-subject.ts'

// Brokers and processes start and end here, on machines that are busy with other tests as well.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 240_000 })

const SCRIPT = fileURLToPath(new URL('./kafka-worker.mjs', import.meta.url))
const PARTITIONS = 4
const SESSION_MS = 1500
/** Long enough that nobody is given up whom nobody stops. */
const CALM_SESSION_MS = 10_000
const KEYS = 40
/** Only a failing test waits this long; starting brokers and processes takes its time where many share the cores. */
const WITHIN_MS = 120_000

let kafka: OwnKafka

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

interface Plant {
  readonly log: KafkaLog
  readonly workers: Child[]
  start(): Promise<Child>
  /** Waits until all readings have been counted, stops the workers and checks what they wrote. */
  finish(): Promise<number>
}

/** Readings come all the time, until `finish`. */
async function startPlant(sessionMs = SESSION_MS): Promise<Plant> {
  const prefix = freshPrefix()
  const topics = topicNames(prefix)
  const log = await openKafkaLog({
    kafka: kafkaSettings(kafka.brokers),
    partitions: PARTITIONS,
    topics,
    group: `${prefix}engine`,
    retentionMs: Number.POSITIVE_INFINITY,
  })
  const workers: Child[] = []
  let isRunning = true
  let sent = 0
  const sending = (async () => {
    while (isRunning) {
      await log.append(
        Array.from({ length: 25 }, () => record(topics.readings, `k${sent % KEYS}`, `${sent++}`)),
      )
      await wait(10)
    }
  })()
  const ends = async (topic: string) => (await log.bounds(topic)).reduce((sum, { end }) => sum + end, 0)
  return {
    log,
    workers,
    async start() {
      const worker = startScript(SCRIPT, [kafka.brokers, prefix, `${PARTITIONS}`, `${sessionMs}`])
      workers.push(worker)
      await worker.said('up')
      return worker
    },
    async finish() {
      isRunning = false
      await sending
      const wanted = await ends(topics.readings)
      await untilCommitted(log, `${prefix}engine`, topics.readings, wanted, WITHIN_MS)
      for (const worker of workers) worker.kill('SIGTERM')
      await Promise.all(workers.map(({ ended }) => ended))
      const counted = await checkCounted(log, topics)
      expect(counted).toBe(sent)
      await log.close()
      return counted
    },
  }
}

const linesOf = (workers: readonly Child[]) => workers.flatMap((worker) => worker.lines())

const hasCommitted = (worker: Child) => worker.lines().some((line) => line.startsWith('committed'))

/** What a worker owns by what it has said. */
function ownedBy(worker: Child): Set<string> {
  const owned = new Set<string>()
  for (const line of worker.lines()) {
    const [, verb, partition = ''] = /^(owns|left) ([0-9]+)/.exec(line) ?? []
    if (verb === 'owns') owned.add(partition)
    if (verb === 'left') owned.delete(partition)
  }
  return owned
}

describe.skipIf(requires('kafka').missing)('workers of a group', () => {
  beforeAll(async () => {
    kafka = await ownKafka()
  })
  afterAll(() => kafka.stop())

  test('killed in turn, eight times: nothing lost, nothing doubled (check 1)', async () => {
    const plant = await startPlant()
    for (let i = 0; i < 3; i++) await plant.start()
    for (let kill = 0; kill < 8; kill++) {
      await wait(150 + 130 * kill)
      await plant.workers.splice(0, 1)[0]!.kill()
      await plant.start()
    }
    expect(await plant.finish()).toBeGreaterThan(1000)
    expect(linesOf(plant.workers).filter((line) => line.startsWith('torn'))).toEqual([])
  })

  test('stopped for longer than a session, and woken: zombies stop, nothing is doubled (check 2)', async () => {
    const plant = await startPlant()
    for (let i = 0; i < 2; i++) await plant.start()
    for (let round = 0; round < 4; round++) {
      const zombie = plant.workers[round % 2]!
      const other = plant.workers[(round + 1) % 2]!
      await until(() => ownedBy(zombie).size > 0 && /committed/.test(zombie.lines().at(-1) ?? ''), WITHIN_MS)
      zombie.kill('SIGSTOP')
      await until(() => ownedBy(other).size === PARTITIONS, WITHIN_MS)
      const heard = zombie.lines().length
      const had = [...ownedBy(zombie)]
      await wait(300)
      zombie.kill('SIGCONT')
      await until(() => {
        const since = zombie.lines().slice(heard)
        return had.every((partition) => since.includes(`left ${partition}`))
      }, WITHIN_MS)
      await wait(400)
    }
    await plant.finish()
    const lines = linesOf(plant.workers)
    expect(lines.filter((line) => line.startsWith('torn'))).toEqual([])
    // On a machine that starves it, the group has given a worker up before it is stopped: then it has nothing more to hear.
    expect(lines.filter((line) => /conflict .*given this member up/.test(line)).length).toBeGreaterThan(0)
  })

  test('the broker killed and started again under load, twice: all go on by themselves (check 5)', async () => {
    const plant = await startPlant()
    const workers = [await plant.start(), await plant.start()]
    for (let kill = 0; kill < 2; kill++) {
      await wait(500)
      await kafka.kill(1)
      await wait(300)
      await kafka.revive()
      const before = linesOf(workers).filter((line) => line.startsWith('committed')).length
      await until(
        () => linesOf(workers).filter((line) => line.startsWith('committed')).length > before + 10,
        WITHIN_MS,
      )
    }
    await plant.finish()
  })

  test('one, four, then one again, twice: partitions that stay where they are are not let go (check 6)', async () => {
    const plant = await startPlant(CALM_SESSION_MS)
    const first = await plant.start()
    await first.said('committed')
    for (let round = 1; round <= 2; round++) {
      const others = [await plant.start(), await plant.start(), await plant.start()]
      await until(() => [first, ...others].every((worker) => hasCommitted(worker)), WITHIN_MS)
      const kept = first.lines().filter((line) => line.startsWith('left')).length
      expect(kept).toBe(round * (PARTITIONS - 1))
      for (const worker of others) {
        worker.kill('SIGTERM')
        expect(await worker.ended).toBe(0)
      }
      plant.workers.splice(1)
      await until(() => ownedBy(first).size === PARTITIONS, WITHIN_MS)
    }
    await plant.finish()
    const taken = first.lines().filter((line) => line.startsWith('owns'))
    expect(taken.length).toBe(PARTITIONS + 2 * (PARTITIONS - 1))
  })
})
