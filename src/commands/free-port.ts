/** A port that can be listened on: the wanted one, or the next free one. */
import net from 'node:net'
import { failure } from '../core/errors.ts'

/** Ports tried, beginning with the wanted one. */
const TRIED = 50

/** @throws failure 'unavailable' when none of the next ports is free */
export async function freePort(host: string, wanted: number): Promise<number> {
  for (let port = wanted; port < wanted + TRIED; port++) {
    if (await isFree(host, port)) return port
  }
  throw failure('unavailable', `no free port from ${wanted} to ${wanted + TRIED - 1} on ${host}`)
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}
