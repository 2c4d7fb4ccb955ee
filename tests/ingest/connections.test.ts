import { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { makeBudget } from '../../src/ingest/budget.ts'
import { makeConnections } from '../../src/ingest/connections.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function setUp() {
  const budget = makeBudget(100)
  const ended: string[] = []
  const connections = makeConnections({ budget, onEnded: (why) => ended.push(why) })
  const add = (state: { held: boolean; reserves: boolean }) => {
    const socket = new Socket()
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
    connections.add(socket, {
      stream,
      ready() {},
      halt() {},
      pending: () => 0,
      held: () => state.held,
      reserves: () => state.reserves,
    })
    return { socket, stream }
  }
  return { budget, ended, connections, add }
}

test('silence beyond one and a half keep-alives ends a connection; what it says, or our holding it, does not', () => {
  const { ended, connections, add } = setUp()
  const silent = add({ held: false, reserves: false })
  const talking = add({ held: false, reserves: false })
  const held = add({ held: true, reserves: false })
  const forever = add({ held: false, reserves: false })
  for (const { stream } of [silent, talking, held]) connections.keepAlive(stream, 10)
  connections.keepAlive(forever.stream, 0)
  for (let second = 0; second < 15; second++) {
    vi.advanceTimersByTime(1000)
    talking.socket.emit('data', Buffer.from([0xc0, 0]))
  }
  expect(ended).toEqual([])
  vi.advanceTimersByTime(1000)
  expect(ended).toEqual(['silent'])
  expect([silent, talking, held, forever].map(({ stream }) => stream.destroyed)).toEqual([
    true,
    false,
    false,
    false,
  ])
  connections.halt()
})

test('a large packet may take its time, but not while others wait for its room', () => {
  const { budget, ended, connections, add } = setUp()
  const slow = add({ held: false, reserves: true })
  budget.reserve(100, () => {})
  vi.advanceTimersByTime(60_000)
  expect(ended).toEqual([])
  budget.reserve(50, () => {})
  vi.advanceTimersByTime(1000)
  expect(ended).toEqual(['too-slow'])
  expect(slow.stream.destroyed).toBe(true)
  connections.halt()
})
