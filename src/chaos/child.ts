/** A process that `chaos` starts, hurts and ends: the real program, a broker. What it prints goes to a file. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { failure } from '../core/errors.ts'

export interface Child {
  readonly pid: number
  alive(): boolean
  /** Exit status, or the signal that ended it. */
  readonly ended: Promise<Ending>
  signal(signal: NodeJS.Signals): void
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>
  /** SIGTERM, then SIGKILL when it takes too long. @returns how it ended */
  stop(withinMs: number): Promise<Ending>
  /** The end of what it has printed. */
  output(): string
}

export type Ending = number | NodeJS.Signals

export interface ChildOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** File for both streams. */
  readonly logFile: string
}

/** The user's own settings are not the run's; where the set-up keeps things is. */
export function cleanEnv(): NodeJS.ProcessEnv {
  const kept = ([name]: [string, unknown]) =>
    !name.startsWith('FOREWARN_') || /_(CACHE|NATIVE|TFJS)/.test(name)
  return Object.fromEntries(Object.entries(process.env).filter(kept))
}

/** Letters of the output that a message shows. */
const SHOWN_LETTERS = 2000

export function startChild({ command, args, env, cwd, logFile }: ChildOptions): Child {
  const out = openSync(logFile, 'a')
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', out, out] })
  closeSync(out)
  let over = false
  const ended = once(child, 'exit').then(([code, signal]) => {
    over = true
    return (code ?? signal) as Ending
  })
  // Nobody may be waiting when it can't be started at all.
  child.on('error', () => {
    over = true
  })
  const { pid } = child
  if (pid === undefined) throw failure('unavailable', `${command} could not be started`)
  return {
    pid,
    alive: () => !over,
    ended,
    signal: (signal) => child.kill(signal),
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    async stop(withinMs) {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), withinMs)
      const ending = await ended
      clearTimeout(timer)
      return ending
    },
    output: () => readFileSync(logFile, 'utf8').slice(-SHOWN_LETTERS),
  }
}
