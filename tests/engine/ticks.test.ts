import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { NewRecord } from '../../src/core/ports.ts'
import type { Tick } from '../../src/core/records.ts'
import { type PulseOptions, startTicker, type Ticker } from '../../src/engine/ticks.ts'

const T = 1_700_000_000_000
const decoder = new TextDecoder()

/** A ticker on a clock that tests turn, and a log that takes ticks when it is told to. */
function bench(pulses?: PulseOptions) {
  const clock = { wallMs: T, monotonicMs: 5000 }
  const world = { owned: [0] as readonly number[], lastTs: null as number | null, holds: false }
  const appended: NewRecord[] = []
  let release: (() => void) | null = null
  const ticker = startTicker({
    topic: 'readings',
    everyMs: 1000,
    clock: { now: () => Math.floor(clock.wallMs), monotonic: () => clock.monotonicMs },
    owned: () => world.owned,
    lastTs: () => world.lastTs,
    ...(pulses ? { pulses } : {}),
    append(records, done) {
      appended.push(...records)
      if (world.holds) release = done
      else done()
    },
  })
  return {
    ticker,
    clock,
    world,
    /** Lets `ms` pass on both clocks; the wall clock may be set at the same time. */
    pass(ms: number, setBackMs = 0): Tick[] {
      const before = appended.length
      clock.monotonicMs += ms
      clock.wallMs += ms - setBackMs
      vi.advanceTimersByTime(1000)
      return ticksIn(appended.slice(before))
    },
    appended,
    release: () => release?.(),
  }
}

function ticksIn(records: readonly NewRecord[]): Tick[] {
  return records.map(({ value }) => JSON.parse(decoder.decode(value!)) as Tick)
}

let tickers: Ticker[] = []

function started(pulses?: PulseOptions) {
  const made = bench(pulses)
  tickers.push(made.ticker)
  return made
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  for (const ticker of tickers) ticker.stop()
  tickers = []
  vi.useRealTimers()
})

test('the first tick of an owner has no elapsed time, the next ones what the monotonic clock says', () => {
  const { pass } = started()
  expect([...pass(1000), ...pass(1000.4), ...pass(2500)]).toEqual([
    { ts: T + 1000, elapsed: 0 },
    { ts: T + 2000, elapsed: 1000 },
    { ts: T + 4500, elapsed: 2500 },
  ])
})

test('a tick is a record of the partition without key, told by its header', () => {
  const { pass, world, appended } = started()
  world.owned = [0, 3]
  pass(1000)
  expect(appended).toMatchObject([
    { topic: 'readings', key: null, headers: { type: 'tick' }, partition: 0 },
    { topic: 'readings', key: null, headers: { type: 'tick' }, partition: 3 },
  ])
})

describe('time never goes back within a partition', () => {
  test('when the wall clock is set back', () => {
    const { pass } = started()
    const ticks = [...pass(1000), ...pass(1000, 3_600_000), ...pass(1000)]
    expect(ticks.map(({ ts }) => ts - T)).toEqual([1000, 1000, 1000])
    expect(ticks.map(({ elapsed }) => elapsed)).toEqual([0, 1000, 1000])
  })

  test('when the owner before had a faster clock', () => {
    const { pass, world } = started()
    world.lastTs = T + 90_000
    expect(pass(1000)).toEqual([{ ts: T + 90_000, elapsed: 0 }])
  })
})

test('a partition that was lost and comes back begins anew', () => {
  const { pass, world } = started()
  pass(1000)
  world.owned = []
  expect(pass(1000)).toEqual([])
  world.owned = [0]
  expect(pass(60_000)).toEqual([{ ts: T + 62_000, elapsed: 0 }])
})

test('while the log takes no tick none piles up, and that time is no silence of machines', () => {
  const { pass, world, release } = started()
  pass(1000)
  world.holds = true
  expect(pass(1000)).toHaveLength(1)
  expect([...pass(1000), ...pass(1000)]).toEqual([])
  world.holds = false
  release()
  expect(pass(1000)).toEqual([{ ts: T + 5000, elapsed: 1000 }])
})

test('a pulse tells every partition that somebody speaks: when there were readings, and not too often', () => {
  let readings = 0
  const others = (partition: number) => 10 * partition
  const { pass, appended } = started({ everyMs: 2000, partitions: 3, heard: () => readings, others })
  const pulses = () => appended.splice(0).filter(({ headers }) => headers?.type === 'pulse')
  pass(1000)
  expect(pulses()).toEqual([])
  readings = 7
  pass(1000)
  expect(pulses()).toEqual(
    [0, 1, 2].map((partition) => ({
      topic: 'readings',
      key: null,
      headers: { type: 'pulse' },
      partition,
      value: new TextEncoder().encode(JSON.stringify({ ts: T + 2000, others: 10 * partition })),
    })),
  )
  readings = 8
  pass(1000)
  expect(pulses()).toEqual([])
  pass(1000)
  expect(pulses()).toHaveLength(3)
  pass(60_000)
  expect(pulses()).toEqual([])
})

test('a stopped ticker is silent', () => {
  const { pass, ticker } = started()
  ticker.stop()
  expect(pass(10_000)).toEqual([])
})
