/** The real program as a process of a benchmark: started on a config, watched until it owns its partitions, ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { figuresOf, type ProcessFigures, residentMb } from './process.ts'

const MAIN = join(fileURLToPath(new URL('.', import.meta.url)), '../src/main.js')
const HOST = '127.0.0.1'
const POLL_MS = 20
const READY_WITHIN_MS = 300_000

export interface Running {
  readonly pid: number
  /** True until it has ended. */
  alive(): boolean
  /** Waits until it answers that it owns all partitions. @throws when it ends, or takes five minutes */
  untilOwned(partitions: number): Promise<void>
  /**
   * The sum of all lines of a counter or gauge of its `/metrics`, or of those with a label (`result="decoded"`); null
   * while it does not answer.
   */
  metric(name: string, label?: string): Promise<number | null>
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGTERM. */
  stop(): Promise<void>
  /** Waits for it to end by itself. @returns its exit status */
  ended(): Promise<number | null>
}

/** @param args behind `up --config CONFIG --http PORT` */
export function startProgram(config: string, httpPort: number, args: readonly string[] = []): Running {
  const flags = ['up', '--config', config, '--http', String(httpPort), ...args]
  // For profiles: BENCH_NODE_FLAGS='--cpu-prof --cpu-prof-dir=FOLDER'.
  const nodeFlags = (process.env.BENCH_NODE_FLAGS ?? '').split(' ').filter((flag) => flag !== '')
  const child = spawn(process.execPath, [...nodeFlags, MAIN, ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${MAIN} could not be started`)
  const alive = () => isAlive(child)
  return {
    pid,
    alive,
    untilOwned: (partitions) => untilOwned(httpPort, partitions, alive),
    metric: (name, label) => metricOf(httpPort, name, label),
    kill: () => end(child, 'SIGKILL'),
    stop: () => end(child, 'SIGTERM'),
    async ended() {
      if (alive()) await once(child, 'exit')
      return child.exitCode
    },
  }
}

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (!isAlive(child)) return
  child.kill(signal)
  await once(child, 'exit')
}

async function untilOwned(httpPort: number, wanted: number, alive: () => boolean): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS
  while ((await ownedOf(httpPort)) < wanted) {
    if (!alive() || performance.now() > deadline) throw new Error('the program did not get ready')
    await sleep(POLL_MS)
  }
}

async function ownedOf(httpPort: number): Promise<number> {
  try {
    const answer = await fetch(`http://${HOST}:${httpPort}/health/ready`)
    const { details } = (await answer.json()) as { details: { partitions?: { owned: number } } }
    return details.partitions?.owned ?? 0
  } catch {
    // Not listening yet; asked again.
    return 0
  }
}

async function metricOf(httpPort: number, name: string, label = ''): Promise<number | null> {
  try {
    const page = await (await fetch(`http://${HOST}:${httpPort}/metrics`)).text()
    const lines = [...page.matchAll(new RegExp(`^${name}(\\{.*\\})? ([0-9.e+-]+)`, 'gm'))]
    return lines.reduce(
      (sum, [, labels = '', value]) => sum + (labels.includes(label) ? Number(value) : 0),
      0,
    )
  } catch {
    // Starting, or ended already.
    return null
  }
}

/** What a process uses, sampled until `stop`: the last sample before its end counts. */
export function sampleFigures(pid: number): { stop(): ProcessFigures & { readonly peakOwnMb: number } } {
  let last = { cpuSeconds: 0, peakMb: 0, peakOwnMb: 0 }
  const look = () => {
    try {
      const now = figuresOf(pid)
      // One that has just ended has no memory any more.
      const peakOwnMb = Math.max(residentMb(pid).own, last.peakOwnMb)
      last = { ...now, peakMb: Math.max(now.peakMb, last.peakMb), peakOwnMb }
    } catch {
      // It ended; the sample before stands.
    }
  }
  const timer = setInterval(look, POLL_MS)
  return {
    stop() {
      look()
      clearInterval(timer)
      return last
    },
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
