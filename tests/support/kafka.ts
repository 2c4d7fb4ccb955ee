/** Real Kafka for tests: the broker of the run, or brokers of a test's own that it may kill. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import {
  bootstrapOf,
  nodeDir,
  readCluster,
  startCluster,
  stopCluster,
  type Wanted,
} from '../../bin/setup/kafka/cluster.mjs'
import { isNode } from '../../bin/setup/kafka/node.mjs'
import { alone } from '../../bin/setup/lock.mjs'
import type { KafkaSettings } from '../../src/config/settings.ts'
import { RUN_VARIABLE, removeAbandoned } from './kafka-run.ts'

/** For tests that wait for what a broker does late: it gives members up soon. */
const QUICK = { 'group.min.session.timeout.ms': '500' }

/** Address of the broker that the test files of a run share. Topics and groups need names of their own. */
export async function sharedKafka(): Promise<string> {
  const dir = process.env[RUN_VARIABLE]
  if (dir === undefined) throw new Error('this test runs outside of vitest')
  mkdirSync(dir, { recursive: true })
  return alone(join(dir, 'start.lock'), async () => {
    await removeAbandoned()
    return bootstrapOf(await startCluster({ dir, port: 0, set: QUICK }))
  })
}

export interface OwnKafka {
  readonly brokers: string
  /** Kills a broker as a power cut would. */
  kill(id: number): Promise<void>
  /** Starts again whatever is not running. */
  revive(): Promise<void>
  stop(): Promise<void>
}

/** Brokers of a test's own. */
export async function ownKafka(wanted: Omit<Wanted, 'dir'> = {}): Promise<OwnKafka> {
  const dir = mkdtempSync(join(tmpdir(), 'forewarn-kafka-'))
  const all: Wanted = { port: 0, ...wanted, dir, set: { ...QUICK, ...wanted.set } }
  const cluster = await startCluster(all)
  return {
    brokers: bootstrapOf(cluster),
    async kill(id) {
      const { pid } = readCluster(dir)!.nodes.find((node) => node.id === id)!
      process.kill(pid, 'SIGKILL')
      while (isNode(pid, nodeDir(dir, id))) await new Promise((resolve) => setTimeout(resolve, 10))
    },
    async revive() {
      await startCluster(all)
    },
    async stop() {
      await stopCluster(dir)
      rmSync(dir, { recursive: true })
    },
  }
}

export function kafkaSettings(brokers: string, more: Partial<KafkaSettings> = {}): KafkaSettings {
  return {
    brokers: brokers.split(','),
    clientId: 'forewarn-test',
    ssl: null,
    sasl: null,
    replication: null,
    compression: 'none',
    sessionTimeoutMs: 3000,
    transactionTimeoutMs: 10_000,
    requestTimeoutMs: 10_000,
    ...more,
  }
}

/** kafkajs's own administrator, for what the adapter does not do. */
export async function withAdmin<Result>(
  brokers: string,
  work: (admin: Admin) => Promise<Result>,
): Promise<Result> {
  const admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}
