/** Mosquitto between the witness and the ingests: sessions and queues are kept on disk, and nothing is dropped. */
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { delimiter, join } from 'node:path'
import { failure } from '../core/errors.ts'
import { type Child, cleanEnv, startChild } from './child.ts'
import { HOST } from './port.ts'

export interface Mosquitto {
  readonly url: string
  /** Ends it in order, after which its sessions are on disk, and starts it again. (Killed, it would lose them.) */
  restart(): Promise<void>
  stop(): Promise<void>
}

const DAEMON_FOLDERS = ['/usr/sbin', '/usr/local/sbin']
const STOP_WITHIN_MS = 10_000
const OPEN_WITHIN_MS = 10_000
const POLL_MS = 20

/** @returns path of the program; `null` where it is not installed */
export function findMosquitto(): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...DAEMON_FOLDERS]
  return folders.map((folder) => join(folder, 'mosquitto')).find(isExecutable) ?? null
}

export async function startMosquitto(program: string, dir: string, port: number): Promise<Mosquitto> {
  const home = join(dir, 'mosquitto')
  mkdirSync(home, { recursive: true })
  const config = join(home, 'mosquitto.conf')
  writeFileSync(config, `${configLines(home, port).join('\n')}\n`)
  const start = () => startOpen(program, config, dir, port)
  let child = await start()
  return {
    url: `mqtt://${HOST}:${port}`,
    async restart() {
      await child.stop(STOP_WITHIN_MS)
      child = await start()
    },
    stop: async () => void (await child.stop(STOP_WITHIN_MS)),
  }
}

function configLines(home: string, port: number): string[] {
  // Started by root it would drop root's rights, and then not reach the folder.
  const user = process.getuid?.() === 0 ? ['user root'] : []
  return [
    `listener ${port} ${HOST}`,
    'allow_anonymous true',
    'max_queued_messages 0',
    'persistence true',
    `persistence_location ${home}/`,
    ...user,
  ]
}

async function startOpen(program: string, config: string, dir: string, port: number): Promise<Child> {
  const child = startChild({
    command: program,
    args: ['-c', config],
    env: cleanEnv(),
    cwd: dir,
    logFile: join(dir, 'logs', 'mosquitto.log'),
  })
  const deadline = performance.now() + OPEN_WITHIN_MS
  while (!(await isOpen(port))) {
    if (!child.alive() || performance.now() > deadline) {
      throw failure('unavailable', `mosquitto does not listen on ${port}:\n${child.output()}`)
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  return child
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, HOST, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
