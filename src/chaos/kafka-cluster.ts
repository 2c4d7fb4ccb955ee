/** Real brokers for a chaos run, by the program's own `bin/kafka`: killed as a power cut would, and started again. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { failure } from '../core/errors.ts'
import { cleanEnv, startChild } from './child.ts'
import { HOST } from './port.ts'

export interface KafkaCluster {
  /** HOST:PORT of each broker. */
  readonly brokers: readonly string[]
  readonly ids: readonly number[]
  kill(id: number): Promise<void>
  /** Starts what is not running, on the same data. */
  revive(): Promise<void>
  /** Ends all at once: the data is thrown away. */
  end(): Promise<void>
}

export interface ClusterOptions {
  readonly root: string
  readonly dir: string
  readonly nodes: 1 | 3
  /** Of the single broker; 0: free ones. */
  readonly port: number
  /** Broker settings. */
  readonly set: Readonly<Record<string, string>>
}

interface ClusterFile {
  readonly nodes: readonly { readonly id: number; readonly port: number; readonly pid: number }[]
}

const POLL_MS = 20

/** @throws failure 'unavailable' with what `bin/kafka` says, such as that there is no Java */
export async function startKafkaCluster(options: ClusterOptions): Promise<KafkaCluster> {
  const home = join(options.dir, 'kafka')
  const start = async () => {
    const { root, dir, nodes, port, set } = options
    const settings = Object.entries(set).flatMap(([name, value]) => ['--set', `${name}=${value}`])
    const args = ['start', '--dir', home, '--nodes', String(nodes), '--port', String(port), ...settings]
    const child = startChild({
      command: process.execPath,
      args: [join(root, 'bin/kafka'), ...args],
      env: cleanEnv(),
      cwd: dir,
      logFile: join(dir, 'logs', 'kafka.log'),
    })
    if ((await child.ended) !== 0)
      throw failure('unavailable', `Kafka could not be started:\n${child.output()}`)
  }
  await start()
  const nodesOf = () => (JSON.parse(readFileSync(join(home, 'kafka.json'), 'utf8')) as ClusterFile).nodes
  const kill = async (id: number) => {
    const pid = nodesOf().find((node) => node.id === id)?.pid
    if (pid !== undefined) await killBroker(pid, home)
  }
  return {
    brokers: nodesOf().map(({ port }) => `${HOST}:${port}`),
    ids: nodesOf().map(({ id }) => id),
    kill,
    revive: start,
    end: async () => void (await Promise.all(nodesOf().map(({ id }) => kill(id)))),
  }
}

/** It is no child of ours, so its end is seen by asking. A process id may be another program's by now. */
async function killBroker(pid: number, home: string): Promise<void> {
  if (!isBroker(pid, home)) return
  process.kill(pid, 'SIGKILL')
  while (isBroker(pid, home)) await new Promise((resolve) => setTimeout(resolve, POLL_MS))
}

/** Runs, and with a configuration in this folder; one that has ended and was not buried yet does not count. */
function isBroker(pid: number, home: string): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=,args=', '-ww', '-p', String(pid)], { encoding: 'utf8' })
  return stdout.includes(home) && !stdout.startsWith('Z')
}
