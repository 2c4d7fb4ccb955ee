/** The real program as a child process, from the build that `npm test` has made; for tests that kill it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MAIN = join(ROOT, 'dist/src/main.js')

/** Longest wait until a started program says that it is ready. */
const READY_WITHIN_MS = 30_000
const POLL_MS = 20

export interface Program {
  readonly child: ChildProcess
  readonly pid: number
  /** What it has printed so far, both streams. */
  output(): string
  /** Exit status, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
}

/** Starts `forewarn ARGS`. The child ends with the test process at the latest. */
export function startProgram(args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
  if (!existsSync(MAIN)) throw new Error('dist/src/main.js is missing; run node bin/build (npm test does)')
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env }, cwd: ROOT })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      output += text
    })
  }
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const ended = once(child, 'exit').then(([code, signal]) => {
    process.off('exit', kill)
    return (code ?? signal) as number | NodeJS.Signals
  })
  return { child, pid: child.pid!, output: () => output, ended }
}

/** Runs a command to its end. */
export async function runProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number | NodeJS.Signals; readonly output: string }> {
  const program = startProgram(args, env)
  const status = await program.ended
  return { status, output: program.output() }
}

/** Waits until `/health/ready` answers 200. */
export async function untilReady(program: Program, httpPort: number): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS
  let over = false
  program.ended.then(() => {
    over = true
  })
  while (Date.now() < deadline && !over) {
    if (await isReady(httpPort)) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  throw new Error(`the program did not get ready:\n${program.output()}`)
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok
  } catch {
    // Nothing listens yet: asked again until the deadline.
    return false
  }
}

/** A port of the loopback that nobody listens on now. */
export async function unusedPort(): Promise<number> {
  const server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
