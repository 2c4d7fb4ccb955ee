/**
 * A TCP proxy that loses an answer: it lets requests through, and, when it is armed, cuts the connection at the
 * moment when the answer to a chosen request comes back. The server has done the work; the client can't know.
 */
import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import { HOST } from './port.ts'

export interface LossyProxy {
  readonly port: number
  /**
   * Cuts the connection whose client sends the next chosen request, when the server's next bytes come.
   * @param choose looks at bytes on the way to the server; default: any
   * @returns once it was cut, or false when nothing was chosen in time
   */
  loseAnswer(withinMs: number, choose?: (bytes: Buffer) => boolean): Promise<boolean>
  close(): Promise<void>
}

interface Trap {
  readonly choose: (bytes: Buffer) => boolean
  readonly sprung: () => void
}

/** @param port where to listen; 0: a free one @param target port of the server */
export async function startProxy(target: number, port = 0): Promise<LossyProxy> {
  const sockets = new Set<Socket>()
  let trap: Trap | null = null

  function join(client: Socket): void {
    const server = net.connect(target, HOST)
    const pair = [client, server]
    let caught: Trap | null = null
    const cut = () => {
      for (const socket of pair) socket.destroy()
    }
    for (const socket of pair) {
      sockets.add(socket)
      socket.setNoDelay(true)
      // Whichever end goes, for whatever reason, takes the other along.
      socket.on('error', cut)
      socket.on('close', () => {
        sockets.delete(socket)
        cut()
      })
    }
    client.on('data', (bytes: Buffer) => {
      if (trap?.choose(bytes)) {
        caught = trap
        trap = null
      }
      pass(bytes, client, server)
    })
    server.on('data', (bytes: Buffer) => {
      if (caught) {
        caught.sprung()
        cut()
      } else pass(bytes, server, client)
    })
  }

  const listener = net.createServer(join).listen(port, HOST)
  await once(listener, 'listening')
  return {
    port: (listener.address() as AddressInfo).port,
    loseAnswer: (withinMs, choose = () => true) =>
      new Promise((resolve) => {
        const set: Trap = {
          choose,
          sprung() {
            clearTimeout(timer)
            resolve(true)
          },
        }
        const timer = setTimeout(() => {
          if (trap === set) trap = null
          resolve(false)
        }, withinMs)
        trap = set
      }),
    async close() {
      for (const socket of sockets) socket.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
}

/** Hands bytes on; reads no more while the other end takes none. */
function pass(bytes: Buffer, from: Socket, to: Socket): void {
  if (to.write(bytes)) return
  from.pause()
  to.once('drain', () => from.resume())
}
