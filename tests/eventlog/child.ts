/** Starts `child.mjs` and follows what it prints. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { until } from './harness.ts'

const BUILT = fileURLToPath(new URL('../../dist/src/eventlog/lmdb.js', import.meta.url))
const SCRIPT = fileURLToPath(new URL('./child.mjs', import.meta.url))

export interface Child {
  readonly pid: number
  readonly stdin: NonNullable<ChildProcess['stdin']>
  /** Whole lines printed so far. */
  lines(): string[]
  /** Waits for a line that begins so. */
  said(start: string): Promise<string>
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Its exit status. */
  readonly ended: Promise<number | null>
}

export function startChild(role: 'own' | 'hold' | 'open' | 'visit', dir: string): Child {
  return startScript(SCRIPT, [role, dir])
}

/** Any script that runs the build. */
export function startScript(script: string, args: readonly string[]): Child {
  if (!existsSync(BUILT)) throw new Error('dist/ is missing; run node bin/build (npm test does)')
  const child = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    output += text
  })
  const ended = once(child, 'close').then(() => child.exitCode)
  const lines = () =>
    output
      .slice(0, output.lastIndexOf('\n') + 1)
      .split('\n')
      .slice(0, -1)
  return {
    pid: child.pid!,
    stdin: child.stdin,
    lines,
    ended,
    async said(start) {
      await until(() => lines().some((line) => line.startsWith(start)) || child.exitCode !== null)
      const found = lines().find((line) => line.startsWith(start))
      if (found === undefined) throw new Error(`the child ended without saying ${start}: ${output}`)
      return found
    },
    async kill(signal = 'SIGKILL') {
      child.kill(signal)
      if (signal === 'SIGKILL') await ended
    },
  }
}
