/**
 * One Kafka broker for all test files of a run: the first file that needs it starts it (`kafka.ts`), the end of the run
 * stops it. A run that was killed leaves its broker behind; the next run that needs one stops it.
 */
import { readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stopCluster } from '../../bin/setup/kafka/cluster.mjs'

const PREFIX = 'forewarn-test-kafka-'

/** Tells the processes of the test files where the broker of their run is. */
export const RUN_VARIABLE = 'TEST_KAFKA_DIR'

export function setup(): void {
  process.env[RUN_VARIABLE] = join(tmpdir(), `${PREFIX}${process.pid}`)
}

export async function teardown(): Promise<void> {
  await removeRun(process.env[RUN_VARIABLE] ?? '')
}

/** Stops the brokers of runs that have ended. */
export async function removeAbandoned(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = /^forewarn-test-kafka-(\d+)$/.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) await removeRun(join(tmpdir(), name))
  }
}

async function removeRun(dir: string): Promise<void> {
  if (dir === '') return
  await stopCluster(dir)
  rmSync(dir, { recursive: true, force: true })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
