/**
 * A TCP proxy in front of a Kafka broker that loses answers: it cuts the connection when a request of a chosen kind has
 * been answered by the broker, before the answer reaches the client; or before the request reaches the broker.
 */
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'

/** Keys of requests (kafka.apache.org/protocol#protocol_api_keys). */
export const API = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  OffsetFetch: 9,
  JoinGroup: 11,
  Heartbeat: 12,
  SyncGroup: 14,
  InitProducerId: 22,
  AddPartitionsToTxn: 24,
  AddOffsetsToTxn: 25,
  EndTxn: 26,
  TxnOffsetCommit: 28,
} as const

export type Api = keyof typeof API

export interface Cut {
  readonly api: Api
  /** The request is lost, or its answer. */
  readonly lost: 'request' | 'answer'
  /** How many more times. */
  times: number
  /** In place of cutting: keep the connection, and let nothing more come or go. */
  readonly isHeld: boolean
}

export interface KafkaProxy {
  readonly port: number
  /** Loses the next request of a kind, or the answers to it. */
  cut(api: Api, lost: Cut['lost'], times?: number): Cut
  /** The same, but whoever asked waits for ever. */
  hold(api: Api, lost: Cut['lost']): Cut
  /** Refuses connections and cuts those that there are, until `mend`. */
  sever(): void
  mend(): Promise<void>
  close(): Promise<void>
}

const SIZE_BYTES = 4

/** @param target port of the broker */
export async function startProxy(target: number): Promise<KafkaProxy> {
  const cuts: Cut[] = []
  const sockets = new Set<net.Socket>()
  const server = net.createServer((client) => join(client, net.connect(target, '127.0.0.1'), cuts, sockets))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    cut(api, lost, times = 1) {
      const cut = { api, lost, times, isHeld: false }
      cuts.push(cut)
      return cut
    },
    hold(api, lost) {
      const cut = { api, lost, times: 1, isHeld: true }
      cuts.push(cut)
      return cut
    },
    sever() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
    async mend() {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function join(client: net.Socket, broker: net.Socket, cuts: readonly Cut[], sockets: Set<net.Socket>): void {
  /** Requests whose answers will be lost, by their correlation id. */
  const doomed = new Map<number, Cut>()
  const end = () => {
    client.destroy()
    broker.destroy()
    sockets.delete(client)
    sockets.delete(broker)
  }
  const lose = (cut: Cut) => {
    cut.times--
    if (!cut.isHeld) end()
  }
  for (const socket of [client, broker]) {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', end)
    socket.on('error', end)
  }
  frames(client, (frame) => {
    const cut = cuts.find(({ api, times }) => times > 0 && API[api] === frame.readInt16BE(SIZE_BYTES))
    if (cut?.lost === 'request') {
      lose(cut)
      return
    }
    if (cut !== undefined) doomed.set(frame.readInt32BE(SIZE_BYTES + 4), cut)
    broker.write(frame)
  })
  frames(broker, (frame) => {
    const cut = doomed.get(frame.readInt32BE(SIZE_BYTES))
    if (cut !== undefined && cut.times > 0) {
      lose(cut)
      return
    }
    client.write(frame)
  })
}

/** Whole frames as they come: i32 size, then as many bytes. */
function frames(socket: net.Socket, take: (frame: Buffer) => void): void {
  let rest = Buffer.alloc(0)
  socket.on('data', (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes])
    while (rest.length >= SIZE_BYTES && rest.length >= SIZE_BYTES + rest.readInt32BE(0)) {
      const end = SIZE_BYTES + rest.readInt32BE(0)
      const frame = rest.subarray(0, end)
      rest = rest.subarray(end)
      take(frame)
    }
  })
}
