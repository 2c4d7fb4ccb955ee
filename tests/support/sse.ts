/** A subscriber of server-sent events over a real socket, that can also stop reading. */
import { type ClientRequest, get, type IncomingMessage } from 'node:http'

export interface SseEvent {
  readonly event: string
  readonly id: string
  readonly data: unknown
}

export interface Subscriber {
  readonly status: number
  readonly events: SseEvent[]
  readonly lastId: string
  /** Resolves when so many events of the kind have come. */
  received(event: string, count: number): Promise<SseEvent[]>
  /** Resolves when the server has ended or dropped the connection. */
  readonly closed: Promise<void>
  readonly isClosed: boolean
  pause(): void
  leave(): void
}

export async function subscribe(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  reads = true,
): Promise<Subscriber> {
  const request: ClientRequest = get(url, { headers: { ...headers }, agent: false })
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject)
  })
  const events: SseEvent[] = []
  const state = { lastId: '', closed: false, heard: () => {} }
  let buffer = ''
  const closed = new Promise<void>((resolve) => {
    const end = () => {
      state.closed = true
      resolve()
    }
    response.once('close', end).once('error', end)
    request.once('error', end)
  })
  if (reads) {
    response.setEncoding('utf8').on('data', (text: string) => {
      buffer += text
      const blocks = buffer.split('\n\n')
      buffer = blocks.pop() ?? ''
      for (const block of blocks) take(block)
      state.heard()
    })
  }

  function take(block: string): void {
    const fields = new Map<string, string>()
    for (const line of block.split('\n')) {
      const at = line.indexOf(':')
      if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1).trimStart())
    }
    state.lastId = fields.get('id') ?? state.lastId
    const data = fields.get('data')
    if (data === undefined) return
    events.push({ event: fields.get('event') ?? 'message', id: state.lastId, data: JSON.parse(data) })
  }

  return {
    status: response.statusCode ?? 0,
    events,
    get lastId() {
      return state.lastId
    },
    async received(event, count) {
      const matching = () => events.filter((one) => one.event === event)
      while (matching().length < count) {
        await new Promise<void>((resolve) => {
          state.heard = resolve
        })
      }
      return matching()
    },
    closed,
    get isClosed() {
      return state.closed
    },
    pause: () => response.pause(),
    leave: () => request.destroy(),
  }
}
