/** Bytes on a bare socket of the embedded broker: what ends a connection, and what doesn't. */
import net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { payloadOf, startIngest, until } from '../support/ingest.ts'

let ingest: Awaited<ReturnType<typeof startIngest>>
afterEach(() => ingest.close())

const values = () => ingest.log.records.map((record) => Buffer.from(record.value ?? []).toString())

describe('strange bytes', () => {
  /** Sends bytes on a bare socket; resolves with what came back once the broker has closed it. */
  function sendRaw(...pieces: Buffer[]): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const received: Buffer[] = []
      const socket = net.connect(ingest.broker.port, '127.0.0.1', () => {
        for (const piece of pieces) socket.write(piece)
      })
      socket.on('data', (chunk: Buffer) => received.push(chunk))
      socket.on('close', () => resolve(Buffer.concat(received)))
      socket.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
      })
    })
  }
  const connect = Buffer.from([0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 1, 0x78])
  const length = (bytes: number) => {
    return Buffer.from([
      (bytes & 0x7f) | 0x80,
      ((bytes >> 7) & 0x7f) | 0x80,
      ((bytes >> 14) & 0x7f) | 0x80,
      bytes >> 21,
    ])
  }

  test.each([
    ['a PUBLISH before CONNECT', 'malformed', [Buffer.from([0x30, 3, 0, 1, 0x61])]],
    ['a CONNECT of 256 MB', 'packet-too-large', [Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f])]],
    ['a length without end', 'malformed', [connect, Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0xff])]],
    ['a SUBSCRIBE of 1 MB', 'packet-too-large', [connect, Buffer.from([0x82]), length(1 << 20)]],
    ['a QoS 2 PUBLISH of 1 MB', 'packet-too-large', [connect, Buffer.from([0x34]), length(1 << 20)]],
    [
      'a PUBLISH of 1 MB to alerts',
      'packet-too-large',
      [
        connect,
        Buffer.from([0x30]),
        length(1 << 20),
        Buffer.from([0, 8]),
        Buffer.from('alerts/x'),
        Buffer.alloc((1 << 20) - 10),
      ],
    ],
    ['a PUBLISH whose topic ends behind it', 'protocol', [connect, Buffer.from([0x30, 4, 0, 9, 0x61, 0x62])]],
    ['a QoS 3 PUBLISH', 'protocol', [connect, Buffer.from([0x36, 5, 0, 1, 0x61, 0, 1])]],
    ['a second CONNECT', 'protocol', [connect, connect]],
  ] as const)('%s ends the connection: %s', async (_name, refusal, pieces) => {
    ingest = await startIngest()
    await sendRaw(...pieces)
    expect(ingest.broker.refused()).toEqual({ [refusal]: 1 })
    const good = await ingest.connect()
    await good.publishAsync('sensors/pump-1', payloadOf('pump-1', 1), { qos: 1 })
    expect(ingest.log.records).toHaveLength(1)
  })

  test('a packet in single bytes is read as one', async () => {
    ingest = await startIngest()
    const topic = 'sensors/pump-1'
    const payload = payloadOf('pump-1', 1)
    const body = Buffer.concat([
      Buffer.from([0, topic.length]),
      Buffer.from(topic),
      Buffer.from([0, 7]),
      Buffer.from(payload),
    ])
    const packet = Buffer.concat([connect, Buffer.from([0x32, body.length]), body, Buffer.from([0xe0, 0])])
    const socket = net.connect({ port: ingest.broker.port, host: '127.0.0.1', noDelay: true })
    const received: Buffer[] = []
    socket.on('data', (chunk: Buffer) => received.push(chunk))
    for (const byte of packet.subarray(0, -2)) {
      socket.write(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await until('a PUBACK', () => Buffer.concat(received).length === 8)
    expect(Buffer.concat(received)).toEqual(Buffer.from([0x20, 2, 0, 0, 0x40, 2, 0, 7]))
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.on('error', () => socket.destroy())
    socket.end(packet.subarray(-2))
    await closed
    expect(values()).toEqual([payload])
  })

  test('who says nothing for one and a half keep-alives is gone; who sends readings is not', async () => {
    ingest = await startIngest()
    const keepAlive1 = Buffer.from(connect)
    keepAlive1[11] = 1
    const started = Date.now()
    const talking = await ingest.connect({ keepalive: 1, reschedulePings: true })
    const timer = setInterval(
      () => talking.publish('sensors/pump-1', payloadOf('pump-1', 1), { qos: 1 }),
      200,
    )
    await sendRaw(keepAlive1)
    clearInterval(timer)
    expect(Date.now() - started).toBeGreaterThan(1500)
    expect(talking.connected).toBe(true)
    expect(ingest.broker.refused()).toEqual({ silent: 1 })
  })
})
