/** What `doctor` asks of the places that `up` will use: the data folder and the ports. */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, resolve } from 'node:path'
import { messageOf } from '../core/errors.ts'
import type { Finding } from './doctor.ts'

export interface PortToCheck {
  /** What listens there, and the setting that names it: `MQTT (mqtt.port)`. */
  readonly name: string
  readonly host: string
  readonly port: number
}

/** Below this the log would soon stop taking readings. */
const LEAST_FREE_BYTES = 1_000_000_000

/** The folder, or the one that it would be made in, can be written and has room. */
export function checkDataFolder(dataDir: string): Finding {
  const check = 'data folder'
  const existing = nearestExisting(resolve(dataDir))
  try {
    accessSync(existing, constants.W_OK | constants.X_OK)
  } catch (error) {
    const todo = 'give it to the user that runs forewarn, or name another: --data DIR'
    return { check, verdict: 'bad', found: messageOf(error), todo }
  }
  const { bavail, bsize } = statfsSync(existing)
  const freeBytes = bavail * bsize
  const found = `${dataDir}, ${(freeBytes / 1e9).toFixed(1)} GB free`
  if (freeBytes >= LEAST_FREE_BYTES) return { check, verdict: 'good', found, todo: '' }
  return { check, verdict: 'bad', found, todo: 'make room, or name a folder on a larger disk: --data DIR' }
}

/** The port can be listened at. Port 0 means any free one. */
export async function checkPort({ name, host, port }: PortToCheck): Promise<Finding> {
  const check = `port ${name}`
  const place = `${host}:${port}`
  const error = port === 0 ? null : await listenError(host, port)
  if (error === null) return { check, verdict: 'good', found: `${place} is free`, todo: '' }
  if (error.code === 'EADDRINUSE') {
    const todo = 'a running forewarn? Else stop what listens there, or set another port'
    return { check, verdict: 'bad', found: `${place} is taken`, todo }
  }
  return { check, verdict: 'bad', found: `${place}: ${error.message}`, todo: 'set another address or port' }
}

function listenError(host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((settle) => {
    const server = createServer()
    server.once('error', settle)
    server.listen({ host, port, exclusive: true }, () => server.close(() => settle(null)))
  })
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path))
}
