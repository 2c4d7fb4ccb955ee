/**
 * The real program as a process of a chaos run: `up` with the run's config, in a role, killed and started again
 * any number of times.
 */
import { join } from 'node:path'
import { failure } from '../core/errors.ts'
import { type Child, cleanEnv, type Ending, startChild } from './child.ts'
import { HOST } from './port.ts'

export interface ProgramOptions {
  /** Name in messages and of its log file. */
  readonly name: string
  /** Folder of the package. */
  readonly root: string
  /** Folder of the run: its config and logs. */
  readonly dir: string
  readonly args: readonly string[]
  /** Settings beside the config's, as variables. */
  readonly env: Readonly<Record<string, string>>
  readonly httpPort: number
  /** Ends waiting for it. */
  readonly signal: AbortSignal
}

export interface Program {
  readonly name: string
  start(): void
  /** Started and not ended. */
  alive(): boolean
  /** Answers that it is ready. */
  isReady(): Promise<boolean>
  /** @throws failure 'unavailable' with what it printed when it ends, or takes too long */
  untilReady(): Promise<void>
  /** Ms from start to ready, as last seen by `untilReady`. */
  startMs(): number
  kill(): Promise<void>
  /** Waits for its end, killing it when that takes too long. */
  ended(): Promise<Ending>
  stop(): Promise<Ending>
  signal(signal: NodeJS.Signals): void
  output(): string
}

/** A member that was killed is missed after the session's timeout, and engines wait for that one after the other. */
const READY_WITHIN_MS = 120_000
const POLL_MS = 20
const ANSWER_WITHIN_MS = 2000
/** `up` ends within 10 s of SIGTERM by its contract; a loaded machine gets more. */
const STOP_WITHIN_MS = 20_000
/** A command that ends by itself. */
const END_WITHIN_MS = 300_000
/** Taken for the start of a program that was never waited for. */
const START_MS = 1000
const MOST_START_MS = 5000

export function createProgram(options: ProgramOptions): Program {
  const { name, root, dir, args, env, httpPort, signal: aborted } = options
  let child: Child | null = null
  let startedMs = 0
  let startMs = START_MS

  async function isReady(): Promise<boolean> {
    try {
      const url = `http://${HOST}:${httpPort}/health/ready`
      return (await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })).ok
    } catch {
      // Nothing listens yet, or no longer.
      return false
    }
  }

  const alive = () => child?.alive() === true
  const output = () => child?.output() ?? ''

  return {
    name,
    alive,
    isReady,
    output,
    startMs: () => startMs,
    start() {
      startedMs = performance.now()
      child = startChild({
        command: process.execPath,
        args: [join(root, 'dist/src/main.js'), ...args, '--config', configFile(dir)],
        env: { ...cleanEnv(), ...env, FOREWARN_HTTP_PORT: String(httpPort) },
        cwd: dir,
        logFile: join(dir, 'logs', `${name}.log`),
      })
    },
    async untilReady() {
      const deadline = performance.now() + READY_WITHIN_MS
      while (!(await isReady())) {
        if (aborted.aborted) throw failure('unavailable', 'interrupted')
        const gone = !alive()
        if (gone || performance.now() > deadline) {
          const what = gone ? 'ended' : `was not ready within ${READY_WITHIN_MS / 1000} s`
          throw failure('unavailable', `${name} ${what}:\n${output()}`)
        }
        await new Promise((resolve) => setTimeout(resolve, POLL_MS))
      }
      startMs = Math.min(MOST_START_MS, performance.now() - startedMs)
    },
    kill: async () => child?.kill(),
    async ended() {
      if (!child) return 0
      const { kill, ended } = child
      const timer = setTimeout(() => void kill(), END_WITHIN_MS)
      const ending = await ended
      clearTimeout(timer)
      return ending
    },
    stop: async () => (child ? child.stop(STOP_WITHIN_MS) : 0),
    signal: (signal) => child?.signal(signal),
  }
}

export function configFile(dir: string): string {
  return join(dir, 'forewarn.yaml')
}

/** SIGTERM, after which it must end with 0. */
export async function stopInOrder(program: Program, problem: (text: string) => void): Promise<void> {
  await program.untilReady()
  const ending = await program.stop()
  if (ending !== 0) problem(`${program.name} ended with ${ending} on SIGTERM:\n${program.output()}`)
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
