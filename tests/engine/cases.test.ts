/** What users of other engines ran into, by their words: readings and ticks into a lane, scores and dead letters out. */
import { expect, test } from 'vitest'
import type { LogRecord, NewRecord } from '../../src/core/ports.ts'
import type { Score } from '../../src/core/records.ts'
import { topicNames } from '../../src/core/topics.ts'
import type { WindowRule } from '../../src/core/window.ts'
import type { PlainReading } from '../../src/core/windowed.ts'
import { createLane } from '../../src/engine/lane.ts'
import { makePipeline } from '../../src/engine/pipeline.ts'
import { scoreRecording } from '../../src/engine/recorded.ts'
import { LIMITS, pipelineSettings } from '../support/pipeline-settings.ts'

const topics = topicNames('f.')
const T = 1_700_000_000_000
const TICK_MS = 1000
const timed = { sizeMs: 10_000, hopMs: 10_000, latenessMs: 2000, idleMs: 20_000 }

function makeLane(window: WindowRule = timed) {
  const pipelines = [makePipeline(pipelineSettings({ window }), [], LIMITS, null)]
  return createLane({ partition: 0, topics, pipelines, limits: LIMITS, inferred() {} })
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** @param takenMs when the log took it */
function recordOf(offset: number, reading: PlainReading, takenMs: number): LogRecord {
  const value = encoder.encode(JSON.stringify(reading))
  return { offset, timestamp: takenMs, key: reading.asset, value, headers: {} }
}

function scoresIn(emit: readonly NewRecord[]): Score[] {
  const scores = emit.filter(({ topic }) => topic === topics.scores)
  return scores.map(({ value }) => JSON.parse(decoder.decode(value!)) as Score)
}

const ASSETS = Array.from({ length: 50 }, (_, i) => `pump-${String(i).padStart(2, '0')}`)

/**
 * Seconds of a plant in which each of these assets sends one reading a second, with a tick behind them.
 * @param ts what an asset writes as the time
 * @returns scores with the second in which they came
 */
function live(
  lane: ReturnType<typeof makeLane>,
  fromS: number,
  toS: number,
  assets: readonly string[],
  ts: (asset: string, nowMs: number) => number = (_, nowMs) => nowMs,
) {
  const scores: (Score & { readonly atS: number })[] = []
  const letters: NewRecord[] = []
  for (let second = fromS; second < toS; second++) {
    const nowMs = T + second * 1000
    for (const asset of assets) {
      lane.take(recordOf(second, { asset, ts: ts(asset, nowMs), values: { a: second } }, nowMs))
    }
    lane.tick({ ts: nowMs, elapsed: TICK_MS }, second)
    const { emit } = lane.flush()
    scores.push(...scoresIn(emit).map((score) => ({ ...score, atS: second })))
    letters.push(...emit.filter(({ topic }) => topic === topics['dead-letters']))
  }
  return { scores, letters }
}

test('One machine of fifty stops publishing: its window closes within idle+grace, other machines unaffected', () => {
  const lane = makeLane()
  const whole = live(makeLane(), 0, 60, ASSETS)
  const first = live(lane, 0, 15, ASSETS)
  const after = live(lane, 15, 60, ASSETS.slice(1))
  const [stopped] = ASSETS
  const last = after.scores.filter(({ asset }) => asset === stopped)
  expect(last.map(({ closed, count }) => [closed, count])).toEqual([['idle', 5]])
  // It spoke last in second 14: idle and one tick later its window is closed.
  expect(last[0]!.atS - 14).toBeLessThanOrEqual((timed.idleMs + TICK_MS) / 1000)
  const others = ({ asset }: Score) => asset !== stopped
  expect([...first.scores, ...after.scores].filter(others)).toEqual(whole.scores.filter(others))
})

test('All machines stop: last windows still close; no duplicate on resume', () => {
  const lane = makeLane()
  const before = live(lane, 0, 15, ASSETS)
  const silence = live(lane, 15, 60, [])
  expect(silence.scores).toHaveLength(ASSETS.length)
  expect(new Set(silence.scores.map(({ closed }) => closed))).toEqual(new Set(['idle']))
  const again = live(lane, 60, 90, ASSETS)
  const all = [...before.scores, ...silence.scores, ...again.scores]
  const names = all.map(({ asset, windowStart }) => `${asset} ${windowStart}`)
  expect(new Set(names).size).toBe(names.length)
  expect(all.filter(({ asset }) => asset === 'pump-07').map(({ count }) => count)).toEqual([10, 5, 10, 10])
})

test("One gateway clock runs +1 h: only its own keys are quarantined, nobody else's window closes early", () => {
  const ahead = (asset: string, nowMs: number) => (asset < 'pump-05' ? nowMs + 3_600_000 : nowMs)
  const right = live(makeLane(), 0, 60, ASSETS)
  const { scores, letters } = live(makeLane(), 0, 60, ASSETS, ahead)
  const others = ({ asset }: Score) => asset >= 'pump-05'
  expect(scores.filter(others)).toEqual(right.scores.filter(others))
  expect(new Set(letters.map(({ key }) => key))).toEqual(new Set(ASSETS.slice(0, 5)))
  expect(new Set(letters.map(({ headers }) => headers?.reason))).toEqual(new Set(['future']))
})

test.each<[string, WindowRule]>([
  ['a time', timed],
  ['a time, hopping', { ...timed, hopMs: 3000 }],
  ['a count', { count: 7, hop: 3, latenessMs: 2000, idleMs: 20_000 }],
  ['a session', { gapMs: 3000, maxMs: 60_000, latenessMs: 2000, idleMs: 20_000 }],
])(
  'Replaying a file from last year gives the same features and alarms as live did: windows of %s',
  async (_, window) => {
    // Two stretches with a silence between; now and then a reading is held back a little.
    const readings = [0, 200].flatMap((fromS) =>
      Array.from({ length: 60 }, (_, i): PlainReading => {
        const heldMs = i % 9 === 4 ? 1500 : 0
        return { asset: 'pump-01', ts: T + (fromS + i) * 1000 - heldMs, values: { a: (i * 37) % 11 } }
      }),
    )
    const lane = makeLane(window)
    const then: Score[] = []
    for (let second = 0; second < 300; second++) {
      const i = second < 60 ? second : second >= 200 && second < 260 ? second - 140 : -1
      if (i >= 0) lane.take(recordOf(second, readings[i]!, T + second * 1000))
      lane.tick({ ts: T + second * 1000 + 300, elapsed: TICK_MS }, second)
      then.push(...scoresIn(lane.flush().emit))
    }
    const now: Score[] = []
    for await (const emit of scoreRecording([makeLane(window)], readings)) now.push(...scoresIn(emit))
    // What is open at the end of a file closes with it; live it waits for the silence.
    const wordless = (scores: readonly Score[]) =>
      scores.map(({ closed, ...score }) => [score, closed === 'watermark'])
    expect(then.length).toBeGreaterThan(3)
    expect(wordless(now)).toEqual(wordless(then))
  },
)
