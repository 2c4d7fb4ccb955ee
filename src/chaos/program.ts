/**
 * The real program as a process of a chaos run: `up` with the run's config, in a role, killed and started again
 * any number of times.
 */
import { join } from 'node:path'
import { failure } from '../core/errors.ts'
import { type Child, type Ending, startChild } from './child.ts'
import { HOST } from './port.ts'

export interface ProgramOptions {
  /** Name in messages and of its log file. */
  readonly name: string
  readonly main: string
  /** Folder of the run: its config and logs. */
  readonly dir: string
  readonly args: readonly string[]
  /** Settings beside the config's, as variables. */
  readonly env: Readonly<Record<string, string>>
  readonly httpPort: number
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

const READY_WITHIN_MS = 60_000
const POLL_MS = 20
const ANSWER_WITHIN_MS = 2000
/** `up` ends within 10 s of SIGTERM by its contract; a loaded machine gets more. */
const STOP_WITHIN_MS = 20_000
/** A command that ends by itself. */
const END_WITHIN_MS = 300_000
/** Taken for the start of a program that was never waited for. */
const START_MS = 1000

export function createProgram(options: ProgramOptions): Program {
  const { name, main, dir, args, env, httpPort } = options
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
        args: [main, ...args, '--config', configFile(dir)],
        env: { ...cleanEnv(), ...env, FOREWARN_HTTP_PORT: String(httpPort) },
        cwd: dir,
        logFile: join(dir, 'logs', `${name}.log`),
      })
    },
    async untilReady() {
      const deadline = performance.now() + READY_WITHIN_MS
      while (!(await isReady())) {
        const gone = !alive()
        if (gone || performance.now() > deadline) {
          const what = gone ? 'ended' : `was not ready within ${READY_WITHIN_MS / 1000} s`
          throw failure('unavailable', `${name} ${what}:\n${output()}`)
        }
        await new Promise((resolve) => setTimeout(resolve, POLL_MS))
      }
      startMs = Math.min(startMs * 2, performance.now() - startedMs)
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

/** The user's own settings are not the run's; where the set-up keeps things is. */
function cleanEnv(): NodeJS.ProcessEnv {
  const kept = ([name]: [string, unknown]) =>
    !name.startsWith('FOREWARN_') || /_(CACHE|NATIVE|TFJS)/.test(name)
  return Object.fromEntries(Object.entries(process.env).filter(kept))
}
