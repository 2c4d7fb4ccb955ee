/**
 * The front of the embedded broker, one per connection: takes the PUBLISHes of readings (QoS 0 and 1) out of
 * the stream of bytes and hands them to intake, a socket's chunk at a time; everything else goes on to aedes
 * through the Duplex. So a PUBACK waits for the durable append, a chunk costs one append and one write, and
 * what is too large is never gathered (aedes alone acknowledges before it publishes, and costs 8 × as much).
 */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { TRUNCATED_BYTES } from '../core/dead-letter.ts'
import { makeAcks } from './acks.ts'
import type { Budget } from './budget.ts'
import * as frame from './frame.ts'
import type { Gate } from './gate.ts'
import type { Intake, Run } from './intake.ts'
import { makeOversize, type Oversize } from './oversize.ts'
import { makePieces } from './pieces.ts'
import { makeReservation } from './reservation.ts'
import type { SensorTopic } from './topic.ts'

/** Why a connection was ended. */
export type FrontFault = 'malformed' | 'packet-too-large'

export interface FrontOptions {
  readonly topic: SensorTopic
  readonly intake: Intake
  readonly gate: Gate
  /** Largest payload that is gathered; of larger ones the first bytes are kept and the rest let by. */
  readonly payloadBytes: number
  /** For large packets on their way, shared by all connections. */
  readonly budget: Budget
  /** Sees each payload that was taken in. */
  onPayload(topic: string, payload: Buffer): void
  onFault(fault: FrontFault, detail: string): void
}

export interface Front {
  /** What aedes takes for the connection. */
  readonly stream: Duplex
  /** The client is connected: from now on its PUBLISHes are taken. */
  ready(): void
  /** Reads no more, for good. */
  halt(): void
  /** Runs that are not acknowledged yet. */
  pending(): number
  /** True while we hold back reading, so that silence is no sign of a dead client. */
  held(): boolean
  /** True while a large packet is on its way. */
  reserves(): boolean
}

/** Largest CONNECT: before it nobody has proved anything. */
const CONNECT_BYTES = 8 * 1024
/** Largest packet of other kinds than PUBLISH, and room for a PUBLISH's topic. */
const CONTROL_BYTES = 64 * 1024 + 16
/** Packets up to this size need no room in the budget: a chunk of the socket's is as large. */
const SMALL_BYTES = 64 * 1024
/** PUBACKs that a client hasn't read, in bytes, beyond which it isn't read either. */
const UNREAD_ACK_BYTES = 64 * 1024

export function makeFront(socket: Socket, options: FrontOptions): Front {
  const { topic, intake, gate } = options
  const acks = makeAcks((ids) => {
    if (!socket.destroyed) socket.write(frame.pubacks(ids))
  })
  const pieces = makePieces()
  const reservation = makeReservation(options.budget, () => unblock('budget'))
  /** What keeps us from reading. */
  const blocks = { connecting: false, gate: false, budget: false, aedes: false, acks: false, halted: false }
  let connected = false
  let oversize: Oversize | null = null

  const stream = new Duplex({
    readableHighWaterMark: CONTROL_BYTES,
    read: () => unblock('aedes'),
    write: (chunk, _encoding, done) => socket.write(chunk, done),
    writev: (chunks, done) => socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done),
    destroy(error, done) {
      blocks.halted = true
      reservation.drop()
      socket.destroy()
      done(error)
    },
  })

  const blocked = () =>
    blocks.connecting || blocks.gate || blocks.budget || blocks.aedes || blocks.acks || blocks.halted

  function block(why: keyof typeof blocks): void {
    blocks[why] = true
    socket.pause()
  }

  function unblock(why: keyof typeof blocks): void {
    if (!blocks[why]) return
    blocks[why] = false
    if (!blocked() && pieces.whole()) take(pieces.join())
    if (!blocked()) socket.resume()
  }

  function blockAtGate(): void {
    if (!connected || !gate.shut() || blocks.gate) return
    block('gate')
    gate.wait(() => unblock('gate'))
  }

  function end(fault: FrontFault, detail: string): void {
    blocks.halted = true
    options.onFault(fault, detail)
    stream.destroy()
  }

  /** Bytes from the socket, behind what is gathered already. */
  function receive(chunk: Buffer): void {
    if (oversize) {
      const behind = oversize.feed(chunk)
      if (!behind) return
      finishOversize(oversize)
      oversize = null
      if (behind.length === 0) return
      pieces.push(behind)
    } else pieces.push(chunk)
    if (pieces.whole()) take(pieces.join())
  }

  /** Packets, one after another, until something blocks or the bytes end within one. */
  function take(bytes: Buffer): void {
    const held = reservation.detach()
    blockAtGate()
    const ids: number[] = []
    let run: Run | null = null
    let at = 0
    while (at < bytes.length && !blocked()) {
      const bodyAt = frame.readHeader(bytes, at)
      if (bodyAt === frame.SHORT) break
      const { bodyBytes } = frame.header
      if (!mayPass(bytes[at]!, bodyAt === frame.MALFORMED ? null : bodyBytes)) break
      const next = bodyAt + bodyBytes
      if (next > bytes.length) {
        if (bodyBytes <= largest(bytes[at]!)) expectPacket(next - at)
        else {
          oversize = makeOversize(bytes[at]!, bodyBytes, CONTROL_BYTES + TRUNCATED_BYTES)
          oversize.feed(bytes.subarray(bodyAt))
          at = bytes.length
        }
        break
      }
      const asset = assetOf(bytes, at, bodyAt, next)
      if (asset !== null) {
        run ??= intake.run()
        takeReading(run, ids, asset, bytes.subarray(frame.publish.payloadAt, next))
      } else pass(bytes.subarray(at, next))
      at = next
    }
    if (at < bytes.length && !blocks.halted) pieces.push(bytes.subarray(at))
    // Blocked before the packet that it was for: that one is still here.
    if (at === 0 && blocks.gate) held.keep()
    else held.giveBack()
    if (run) finish(run, ids)
  }

  function expectPacket(bytes: number): void {
    pieces.need(bytes)
    if (bytes > SMALL_BYTES && !reservation.take(bytes)) block('budget')
  }

  function largest(first: number): number {
    return frame.packetType(first) === frame.PUBLISH ? options.payloadBytes + CONTROL_BYTES : CONTROL_BYTES
  }

  /** Ends the connection when a packet of this size (null: none that can be read) breaks the rules now. */
  function mayPass(first: number, bodyBytes: number | null): boolean {
    const type = frame.packetType(first)
    if (bodyBytes === null) end('malformed', 'length of a packet')
    else if (!connected && type !== frame.CONNECT) end('malformed', `packet of type ${type} before CONNECT`)
    else if (!connected && bodyBytes > CONNECT_BYTES) end('packet-too-large', `CONNECT of ${bodyBytes} bytes`)
    else if (bodyBytes > largest(first) && !(type === frame.PUBLISH && frame.qosOf(first) <= 1)) {
      end('packet-too-large', `packet of type ${type} of ${bodyBytes} bytes`)
    }
    return !blocks.halted
  }

  /** @returns the asset that a packet brings a reading of, with `frame.publish` set; null for all others */
  function assetOf(bytes: Buffer, at: number, bodyAt: number, next: number): string | null {
    const qos = frame.qosOf(bytes[at]!)
    if (frame.packetType(bytes[at]!) !== frame.PUBLISH || qos > 1) return null
    return frame.readPublish(bytes, bodyAt, next, qos) ? topic.asset(frame.publish.topic) : null
  }

  function takeReading(run: Run, ids: number[], asset: string, payload: Buffer): void {
    const { topic: name, id } = frame.publish
    if (id > 0) ids.push(id)
    run.add(name, asset, payload)
    options.onPayload(name, payload)
    blockAtGate()
  }

  function pass(packet: Buffer): void {
    if (!stream.push(packet)) block('aedes')
    if (!connected) block('connecting')
  }

  function finish(run: Run, ids: readonly number[]): void {
    const acknowledge = acks.expect(ids)
    run.end((error) => {
      if (error) {
        stream.destroy()
        return
      }
      acknowledge()
      if (socket.writableLength > UNREAD_ACK_BYTES && !blocks.acks) {
        block('acks')
        socket.once('drain', () => unblock('acks'))
      }
    })
  }

  /** All of a too large PUBLISH has come by: it becomes a dead letter, and is acknowledged. */
  function finishOversize({ first, bodyBytes, begin }: Oversize): void {
    const bytes = begin()
    const isPublish = frame.readPublish(bytes, 0, bytes.length, frame.qosOf(first))
    const { topic: name, id, payloadAt } = frame.publish
    const asset = isPublish ? topic.asset(name) : null
    if (asset === null) {
      end('packet-too-large', `PUBLISH of ${bodyBytes} bytes`)
      return
    }
    const run = intake.run()
    run.add(name, asset, bytes.subarray(payloadAt), bodyBytes - payloadAt)
    finish(run, id > 0 ? [id] : [])
  }

  socket.on('data', receive)
  socket.on('end', () => stream.push(null))
  socket.on('error', (error) => stream.destroy(error))
  socket.on('close', () => stream.destroy())

  return {
    stream,
    ready() {
      connected = true
      unblock('connecting')
    },
    halt: () => block('halted'),
    pending: acks.pending,
    held: () => blocks.gate || blocks.budget || blocks.halted,
    reserves: reservation.holds,
  }
}
