/** Debian's Mosquitto on a free port of loopback, with a queue that drops nothing. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './ingest.ts'

export interface Mosquitto {
  readonly url: string
  /** Ends it and starts it again on the same port; sessions stay. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** @param program path of `mosquitto`; @param more lines for its config */
export async function startMosquitto(program: string, more: readonly string[] = []): Promise<Mosquitto> {
  const folder = await mkdtemp(join(tmpdir(), 'forewarn-mosquitto-'))
  const port = await freePort()
  const config = join(folder, 'mosquitto.conf')
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'max_queued_messages 0',
    'persistence true',
    `persistence_location ${folder}/`,
    // It would drop root's rights and then not reach the folder.
    'user root',
    ...more,
  ]
  await writeFile(config, `${lines.join('\n')}\n`)
  let child = await start(program, config, port)
  return {
    url: `mqtt://127.0.0.1:${port}`,
    async restart() {
      await end(child)
      child = await start(program, config, port)
    },
    async stop() {
      await end(child)
      await rm(folder, { recursive: true })
    },
  }
}

async function start(program: string, config: string, port: number): Promise<ChildProcess> {
  const child = spawn(program, ['-c', config], { stdio: 'ignore' })
  let open = false
  while (!open) {
    if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}`)
    open = await new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      })
      socket.on('error', () => setTimeout(resolve, 20, false))
    })
  }
  return child
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  await until('the end of mosquitto', () => child.exitCode !== null || child.signalCode !== null)
}

export async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
