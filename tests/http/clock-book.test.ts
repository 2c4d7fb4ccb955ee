/** What the board makes of clocks: from the scores and dead letters that the engine writes. */
import { describe, expect, it } from 'vitest'
import { EMPTY_HEADERS, type Headers, type LogRecord } from '../../src/core/ports.ts'
import { createLane } from '../../src/engine/lane.ts'
import { makePipeline } from '../../src/engine/pipeline.ts'
import { type AssetClock, makeClockBook } from '../../src/http/clock-book.ts'
import { LANE_TOPICS } from '../support/lane-run.ts'
import { LIMITS, pipelineSettings } from '../support/pipeline-settings.ts'

const T0 = Date.parse('2026-03-01T00:00:00Z')
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
/** Windows of 30 s, lateness 10 s, idle 60 s. */
const pipelines = [makePipeline(pipelineSettings(), [], LIMITS, null)]

interface Sent {
  readonly at: number
  readonly ts: number
  readonly asset?: string
  readonly headers?: Headers
}

/** @returns what the book says of `pump-1` after each reading */
function watch(sent: readonly Sent[], most = 10) {
  const lane = createLane({ partition: 0, topics: LANE_TOPICS, pipelines, limits: LIMITS, inferred() {} })
  let refused = 0
  const book = makeClockBook(most, () => refused++)
  let offset = 0
  const take = (at: number, key: string | null, value: unknown, headers: Headers) => {
    lane.take({ offset: offset++, timestamp: at, key, value: Buffer.from(JSON.stringify(value)), headers })
    for (const { topic, key: asset = null, value: bytes, headers: told = EMPTY_HEADERS } of lane.flush()
      .emit) {
      const record: LogRecord = { offset, timestamp: at, key: asset, value: bytes, headers: told }
      if (topic === LANE_TOPICS['dead-letters']) book.letter(record)
      else if (topic === LANE_TOPICS.scores && `${Buffer.from(bytes!)}`.includes('"closed":"watermark"')) {
        book.score(asset!, record)
      }
    }
  }
  const told = sent.map(({ at, ts, asset = 'pump-1', headers = EMPTY_HEADERS }) => {
    take(at, null, { ts: at, elapsed: SECOND }, { type: 'tick' })
    take(at, asset, { asset, ts, values: { temperature: (ts / SECOND) % 7 } }, headers)
    return book.of('pump-1')
  })
  return { told, book, refused: () => refused }
}

/** One reading a second. */
function each(seconds: number, tsOf: (at: number, second: number) => number, from = T0): Sent[] {
  return Array.from({ length: seconds }, (_, second) => {
    const at = from + second * SECOND
    return { at, ts: tsOf(at, second) }
  })
}

const states = (told: readonly (AssetClock | null)[]) => [
  ...new Set(told.map((clock) => clock?.state ?? null)),
]

describe('the clocks of assets', () => {
  it('say nothing while they are right, and while some readings are held back', () => {
    expect(states(watch(each(300, (at) => at)).told)).toEqual([null])
    const heldBack = each(300, (at, second) => (second % 5 === 4 ? at - 5 * MINUTE : at))
    expect(states(watch(heldBack).told)).toEqual([null])
  })

  it('an hour ahead: from the first reading that is put aside until one that is right closes a window', () => {
    const sent = [...each(120, (at) => at + HOUR), ...each(120, (at) => at, T0 + 120 * SECOND)]
    const { told } = watch(sent)
    expect(told[0]).toEqual({ state: 'ahead', byMs: HOUR, unit: null, since: T0, last: T0, refused: 1 })
    expect(told[119]).toMatchObject({ state: 'ahead', since: T0, last: T0 + 119 * SECOND, refused: 120 })
    expect(states(told)).toEqual(['ahead', null])
  })

  it('two minutes ahead: nothing is put aside, and it is told', () => {
    const { told } = watch(each(120, (at) => at + 2 * MINUTE))
    expect(told.at(-1)).toMatchObject({ state: 'ahead', byMs: 2 * MINUTE, refused: 0 })
  })

  it('an hour behind from the beginning: nothing is late, and it is told', () => {
    const { told } = watch(each(180, (at) => at - HOUR))
    expect(told.at(-1)).toMatchObject({ state: 'behind', byMs: HOUR, refused: 0 })
    expect(states(told)).toEqual([null, 'behind'])
  })

  it('set back: behind while all is late, and still when it is not late any more', () => {
    const byMs = 10 * MINUTE
    const { told } = watch(each(1000, (at, second) => (second < 120 ? at : at - byMs)))
    expect(states(told)).toEqual([null, 'behind'])
    expect(told[200]).toMatchObject({ state: 'behind', byMs, since: T0 + 120 * SECOND, refused: 81 })
    expect(told.at(-1)).toMatchObject({ state: 'behind', byMs })
  })

  it('a backlog in a burst: catching up, until it is back in the present', () => {
    const cut = each(60, (at) => at)
    const back = T0 + 2 * HOUR
    const burst = Array.from({ length: 2 * 3600 - 60 }, (_, i) => ({
      at: back + i,
      ts: T0 + (60 + i) * SECOND,
    }))
    const { told } = watch([...cut, ...burst, ...each(120, (at) => at, back + 8 * SECOND)])
    expect(states(told)).toEqual([null, 'catching-up'])
    expect(told.at(-1)).toBeNull()
  })

  it.each([
    ['seconds', (at: number) => at / SECOND],
    ['microseconds', (at: number) => at * 1000],
  ])('times in %s name the unit', (unit, tsOf) => {
    const { told } = watch(each(10, tsOf))
    expect(told.at(-1)).toEqual({
      state: 'unit',
      byMs: null,
      unit,
      since: T0,
      last: T0 + 9 * SECOND,
      refused: 10,
    })
  })

  it('dead letters that are sent again tell nothing: they are of then', () => {
    const again = each(100, (at) => at - HOUR).map((one) => ({ ...one, headers: { 'replayed-from': '0:1' } }))
    expect(states(watch([...each(60, (at) => at), ...again]).told)).toEqual([null])
  })

  it('of so many assets at most are remembered; others are counted', () => {
    const sent = ['pump-1', 'pump-2', 'pump-3'].map((asset, i) => ({ at: T0 + i, ts: T0 + HOUR, asset }))
    const { book, refused } = watch(sent, 2)
    expect([book.of('pump-2')?.state, book.of('pump-3'), refused()]).toEqual(['ahead', null, 1])
  })
})
