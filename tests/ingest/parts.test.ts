/** The small parts of ingest by themselves: order of acknowledgements, the gate, packets in pieces. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeAcks } from '../../src/ingest/acks.ts'
import { makeBudget } from '../../src/ingest/budget.ts'
import * as frame from '../../src/ingest/frame.ts'
import { makeGate } from '../../src/ingest/gate.ts'
import { makePieces } from '../../src/ingest/pieces.ts'

test('acknowledgements go out in the order of the messages, whatever becomes durable first', () => {
  const runs = fc.array(fc.array(fc.integer({ min: 1, max: 65_535 }), { maxLength: 4 }), { maxLength: 20 })
  fc.assert(
    fc.property(runs, fc.infiniteStream(fc.nat()), (given, choices) => {
      const sent: number[] = []
      const acks = makeAcks((ids) => sent.push(...ids))
      const waiting = given.map((ids) => acks.expect(ids))
      const done = new Set<number>()
      while (waiting.length > done.size) {
        const left = given.map((_, i) => i).filter((i) => !done.has(i))
        const [choice = 0] = choices.take(1)
        const next = left[choice % left.length]!
        waiting[next]?.()
        done.add(next)
        const firstOpen = given.findIndex((_, i) => !done.has(i))
        expect(sent).toEqual(given.slice(0, firstOpen < 0 ? given.length : firstOpen).flat())
      }
      expect(acks.pending()).toBe(0)
    }),
  )
})

describe('the gate', () => {
  test('shuts at either limit, opens at half of both, first come first served', () => {
    const gate = makeGate({ inFlightReadings: 10, inFlightBytes: 1000 })
    const opened: string[] = []
    gate.enter(9, 100)
    expect(gate.shut()).toBe(false)
    gate.enter(1, 100)
    expect(gate.shut()).toBe(true)
    gate.wait(() => {
      opened.push('a')
      gate.enter(6, 0)
    })
    gate.wait(() => opened.push('b'))
    gate.leave(4, 100)
    expect(gate.shut()).toBe(true)
    gate.leave(1, 0)
    // The first one filled it again; the second waits on.
    expect([opened, gate.shut()]).toEqual([['a'], true])
    gate.leave(11, 100)
    expect([opened, gate.shut()]).toEqual([['a', 'b'], false])
    gate.enter(1, 1000)
    expect(gate.shut()).toBe(true)
    gate.leave(1, 501)
    expect(gate.shut()).toBe(false)
    expect(gate.shutCount()).toBe(3)
    expect(gate.queues()).toEqual([
      { queue: 'ingest-readings', depth: 0, limit: 10 },
      { queue: 'ingest-bytes', depth: 499, limit: 1000 },
    ])
  })
})

test('pieces give back what was put in, once enough is there', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 6000 }), { maxLength: 10 }), (chunks) => {
      const pieces = makePieces()
      const whole = Buffer.concat(chunks)
      for (const chunk of chunks) pieces.push(Buffer.from(chunk))
      pieces.need(whole.length + 1)
      expect(pieces.whole()).toBe(false)
      pieces.push(Buffer.from([7]))
      expect(pieces.whole()).toBe(true)
      expect(pieces.join().equals(Buffer.concat([whole, Buffer.from([7])]))).toBe(true)
      expect(pieces.whole()).toBe(false)
    }),
  )
})

test('the budget is granted in order, never beyond its limit but to one alone, and never lost', () => {
  const LIMIT = 100
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 150 }), fc.boolean()), { maxLength: 30 }),
      (steps) => {
        const budget = makeBudget(LIMIT)
        const granted: number[] = []
        const held: number[] = []
        const reservations = steps.map(([bytes], i) => ({ bytes, i }))
        for (const { bytes, i } of reservations) {
          const grant = () => {
            granted.push(i)
            held.push(bytes)
          }
          if (budget.reserve(bytes, grant)) grant()
          expect(held.length === 1 || held.reduce((sum, own) => sum + own, 0) <= LIMIT).toBe(true)
          if (steps[i]?.[1] && held.length > 0) budget.release(held.shift() ?? 0)
        }
        while (held.length > 0) budget.release(held.shift() ?? 0)
        expect(granted).toEqual(reservations.map(({ i }) => i))
        expect(budget.waiting()).toBe(0)
      },
    ),
  )
})

describe('packets', () => {
  const lengthOf = (bytes: number): number[] =>
    bytes < 128 ? [bytes] : [(bytes % 128) | 0x80, ...lengthOf(Math.floor(bytes / 128))]

  test('lengths are read as the standard writes them, at most four bytes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 268_435_455 }), (length) => {
        const bytes = Buffer.from([0x30, ...lengthOf(length)])
        expect(frame.readHeader(bytes, 0)).toBe(bytes.length)
        expect(frame.header.bodyBytes).toBe(length)
        expect(frame.readHeader(bytes.subarray(0, -1), 0)).toBe(frame.SHORT)
      }),
    )
    expect(frame.readHeader(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 1]), 0)).toBe(frame.MALFORMED)
  })

  test('a PUBLISH that ends too early, or has no packet id, is none', () => {
    const body = Buffer.from([0, 1, 0x61, 0, 7, 0x78])
    expect(frame.readPublish(body, 0, 6, 1)).toBe(true)
    expect(frame.publish).toEqual({ topic: 'a', id: 7, payloadAt: 5 })
    for (let end = 0; end < 5; end++) expect(frame.readPublish(body, 0, end, 1)).toBe(false)
    expect(frame.readPublish(Buffer.from([0, 1, 0x61, 0, 0]), 0, 5, 1)).toBe(false)
    expect(frame.readPublish(body, 0, 3, 0)).toBe(true)
  })

  test('PUBACKs', () => {
    expect(frame.pubacks([1, 65_535])).toEqual(Buffer.from([0x40, 2, 0, 1, 0x40, 2, 0xff, 0xff]))
  })
})
