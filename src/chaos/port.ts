/** Free ports of loopback for the processes of a chaos run. */
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'

export const HOST = '127.0.0.1'

/** @returns ports that nobody listens on now; held together until all are known, so that they differ */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => net.createServer().listen(0, HOST))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(
    servers.map((server) => {
      server.close()
      return once(server, 'close')
    }),
  )
  return ports
}
