/**
 * A TCP proxy that loses an answer: it lets requests through, and, when it is armed, cuts the connection at the
 * moment when the answer to a chosen request comes back. The server has done the work; the client can't know.
 */
import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import { HOST } from './port.ts'

/** Is it the chosen request's answer? Asked of bytes on the way back to the client. */
export type AnswerTest = (bytes: Buffer) => boolean

/** Looks at bytes on the way to the server; `null` = not this one. */
export type Choice = (bytes: Buffer) => AnswerTest | null

export interface LossyProxy {
  readonly port: number
  /**
   * Cuts the connection whose client sends the next chosen request, when its answer comes.
   * @param choose default: whatever comes next, and the next bytes back
   * @returns once it was cut, or false when nothing was chosen, or not answered, in time
   */
  loseAnswer(withinMs: number, choose?: Choice): Promise<boolean>
  /** Cuts all connections, and takes none while something is done. */
  shut(work: () => Promise<void>): Promise<void>
  close(): Promise<void>
}

interface Trap {
  readonly choose: Choice
  readonly sprung: () => void
}

/** @param port where to listen; 0: a free one @param target port of the server */
export async function startProxy(target: number, port = 0): Promise<LossyProxy> {
  const sockets = new Set<Socket>()
  let trap: Trap | null = null
  let isShut = false

  function join(client: Socket): void {
    if (isShut) {
      client.destroy()
      return
    }
    const server = net.connect(target, HOST)
    const pair = [client, server]
    let caught: { readonly isAnswer: AnswerTest; readonly sprung: () => void } | null = null
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
      const isAnswer = trap?.choose(bytes)
      if (trap && isAnswer) {
        caught = { isAnswer, sprung: trap.sprung }
        trap = null
      }
      pass(bytes, client, server)
    })
    server.on('data', (bytes: Buffer) => {
      if (caught?.isAnswer(bytes)) {
        caught.sprung()
        cut()
      } else pass(bytes, server, client)
    })
  }

  const listener = net.createServer(join).listen(port, HOST)
  await once(listener, 'listening')
  return {
    port: (listener.address() as AddressInfo).port,
    loseAnswer: (withinMs, choose = () => () => true) =>
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
    async shut(work) {
      isShut = true
      for (const socket of sockets) socket.destroy()
      await work().finally(() => {
        isShut = false
      })
    },
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
