/**
 * Bytes that no client of good will sends: the broker ends such connections or not, but it stands, keeps nothing,
 * and others are served. And bytes that one does send, cut anywhere, mean the same.
 */
import net from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { payloadOf, startIngest, until } from '../support/ingest.ts'

let ingest: Awaited<ReturnType<typeof startIngest>>
beforeAll(async () => {
  ingest = await startIngest({ limits: { payloadBytes: 2000 } })
})
afterAll(() => ingest.close())

const CONNECT = Buffer.from([0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 1, 0x78])
const DISCONNECT = Buffer.from([0xe0, 0])

function lengthOf(bytes: number): number[] {
  return bytes < 128 ? [bytes] : [(bytes % 128) | 0x80, ...lengthOf(Math.floor(bytes / 128))]
}

function packet(first: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([first, ...lengthOf(body.length)]), body])
}

function publish(topic: string, id: number, payload: string): Buffer {
  const head = Buffer.from([0, topic.length, ...Buffer.from(topic), ...(id > 0 ? [id >> 8, id & 0xff] : [])])
  return packet(id > 0 ? 0x32 : 0x30, Buffer.concat([head, Buffer.from(payload)]))
}

/** Sends pieces, each by itself; resolves with what came back when either side has closed. */
async function send(
  pieces: readonly Uint8Array[],
  enough: (received: number) => boolean,
  waits = 1000,
): Promise<Buffer> {
  const socket = net.connect({ port: ingest.broker.port, host: '127.0.0.1', noDelay: true })
  const received: Buffer[] = []
  let length = 0
  const closed = new Promise((resolve) => socket.on('close', resolve))
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    received.push(chunk)
    length += chunk.length
  })
  for (const piece of pieces) {
    if (socket.destroyed) break
    socket.write(piece)
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (let i = 0; i < waits && !socket.destroyed && !enough(length); i++) {
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  socket.end()
  socket.destroy()
  await closed
  return Buffer.concat(received)
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % bytes.length).sort((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end))
}

test('a stream of packets means the same wherever it is cut', async () => {
  const message = fc.record({ qos: fc.constantFrom(0, 1), size: fc.constantFrom(1, 100, 1900, 80_000) })
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat(), { maxLength: 30 }),
      async (messages, places) => {
        ingest.log.records.length = 0
        const payloads = messages.map(
          ({ size }, i) => `{"ts":${i},"values":{"t":1},"x":"${'x'.repeat(size)}"}`,
        )
        const packets = payloads.map((payload, i) =>
          publish('sensors/pump-1', messages[i]?.qos === 1 ? i + 1 : 0, payload),
        )
        const ids = messages.flatMap(({ qos }, i) => (qos === 1 ? [0x40, 2, 0, i + 1] : []))
        const received = await send(
          cut(Buffer.concat([CONNECT, ...packets]), places),
          (length) => length === 4 + ids.length,
        )
        expect(received).toEqual(Buffer.from([0x20, 2, 0, 0, ...ids]))
        await until('all payloads', () => ingest.log.records.length === payloads.length)
        const kept = payloads.map((payload) => (payload.length > 2000 ? payload.slice(0, 65_536) : undefined))
        ingest.log.records.forEach(({ topic, value }, i) => {
          expect(topic).toBe(kept[i] === undefined ? 'readings' : 'dead-letters')
          if (kept[i] !== undefined) expect(Buffer.from(value ?? []).toString()).toBe(kept[i])
        })
      },
    ),
    { numRuns: 60 },
  )
})

test('strange bytes end their connection at most', async () => {
  const before = process.memoryUsage.rss()
  const odd = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc
      .tuple(fc.nat(255), fc.uint8Array({ maxLength: 200 }))
      .map(([first, body]) => packet(first, Buffer.from(body))),
    fc
      .tuple(fc.nat(255), fc.nat(268_435_455))
      .map(([first, length]) => Buffer.from([first, ...lengthOf(length)])),
    fc.tuple(fc.nat(60), fc.nat(255)).map(([at, byte]) => {
      const bytes = publish('sensors/pump-1', 1, payloadOf('pump-1', 1))
      bytes[at % bytes.length] = byte
      return bytes
    }),
  )
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(odd, { maxLength: 8 }), async (connected, pieces) => {
      await send([...(connected ? [CONNECT] : []), ...pieces, DISCONNECT], () => false, 20)
    }),
    { numRuns: 300 },
  )
  await until('no connection', () => ingest.broker.connections() === 0)
  ingest.log.records.length = 0
  const good = await ingest.connect()
  await good.publishAsync('sensors/pump-1', payloadOf('pump-1', 5), { qos: 1 })
  expect(ingest.log.records).toHaveLength(1)
  expect(ingest.gate.queues().map(({ depth }) => depth)).toEqual([0, 0])
  expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 2 ** 20)
})
