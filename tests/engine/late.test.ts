/** Late data (design 4.8): counted, routed with its window, usable afterwards. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unbalanced } from '../../src/core/balance.ts'
import { LATE_WINDOWS } from '../../src/core/late.ts'
import type { NewRecord } from '../../src/core/ports.ts'
import type { Score } from '../../src/core/records.ts'
import { DEAD_LETTER_REASONS, topicNames } from '../../src/core/topics.ts'
import type { PlainReading } from '../../src/core/windowed.ts'
import { createLane } from '../../src/engine/lane.ts'
import { makePipeline } from '../../src/engine/pipeline.ts'
import { scoreRecording } from '../../src/engine/recorded.ts'
import { inTimeOrder } from '../../src/formats/order.ts'
import { LIMITS, pipelineSettings } from '../support/pipeline-settings.ts'

const topics = topicNames('f.')
const settings = [
  pipelineSettings({
    name: 'timed',
    window: { sizeMs: 5000, hopMs: 5000, latenessMs: 1000, idleMs: 60_000 },
  }),
  pipelineSettings({
    name: 'hopping',
    window: { sizeMs: 7000, hopMs: 3000, latenessMs: 4000, idleMs: 60_000 },
    alerts: [],
  }),
  pipelineSettings({
    name: 'counted',
    window: { count: 4, hop: 2, latenessMs: 2000, idleMs: 60_000 },
    alerts: [],
  }),
  pipelineSettings({
    name: 'sessions',
    window: { gapMs: 2000, maxMs: 60_000, latenessMs: 500, idleMs: 60_000 },
    alerts: [],
  }),
]
const T = 1_700_000_000_000

function makeLane() {
  const pipelines = settings.map((one) => makePipeline(one, [], LIMITS, null))
  return createLane({ partition: 0, topics, pipelines, limits: LIMITS, inferred() {} })
}

const decoder = new TextDecoder()
const parsed = <T>({ value }: NewRecord) => JSON.parse(decoder.decode(value!)) as T

async function run(readings: readonly PlainReading[]) {
  const lane = makeLane()
  const emit: NewRecord[] = []
  for await (const records of scoreRecording([lane], readings)) emit.push(...records)
  const on = (topic: string) => emit.filter((record) => record.topic === topic)
  return { lane, scores: on(topics.scores).map(parsed<Score>), letters: on(topics['dead-letters']) }
}

/** In order for the most part; some come up to half a minute late, some twice, some from far ahead. */
const arriving = fc
  .array(
    fc.record({
      on: fc.integer({ min: 0, max: 3000 }),
      off: fc.oneof(
        { weight: 6, arbitrary: fc.constant(0) },
        { weight: 2, arbitrary: fc.integer({ min: -30_000, max: 0 }) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 900_000 }) },
      ),
      again: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((steps) => {
    let nowMs = T
    return steps.flatMap(({ on, off, again }, i): PlainReading[] => {
      nowMs += on
      const reading = { asset: 'pump-1', ts: nowMs + off, values: { a: i } }
      return again ? [reading, reading] : [reading]
    })
  })

test('Late record: counted, routed with reason, replayable; `in == out + late + dlq` always balances', async () => {
  await fc.assert(
    fc.asyncProperty(arriving, async (readings) => {
      const { lane, letters } = await run(readings)
      const { received, readings: counts, tallies } = lane.partition
      expect(unbalanced(lane.partition)).toBe(0)
      expect(received).toEqual({
        records: readings.length,
        decoded: readings.length,
        rejected: 0,
        unassigned: 0,
      })
      for (const { decoded, windowed, late, duplicate, future } of counts) {
        expect([decoded, windowed + late + duplicate + future]).toEqual([readings.length, readings.length])
      }
      // A reading that is late for several pipelines is one dead letter, which names them all.
      const late = letters.filter(({ headers }) => headers?.reason === 'late')
      for (const [i, { name }] of settings.entries()) {
        const named = late.filter(({ headers }) => ` ${headers?.[LATE_WINDOWS]}`.includes(` ${name}@`))
        expect(named).toHaveLength(counts[i]!.late)
      }
      for (const reason of DEAD_LETTER_REASONS) {
        const found = letters.filter(({ headers }) => headers?.reason === reason)
        expect(found).toHaveLength(tallies.get(`dead-letter/${reason}`) ?? 0)
      }
    }),
    { numRuns: 60 },
  )
})

test('late readings given to score again fill the windows that they missed', async () => {
  const inTime = Array.from(
    { length: 60 },
    (_, i): PlainReading => ({
      asset: 'pump-1',
      ts: T + i * 500,
      values: { a: i },
    }),
  )
  const held = inTime.filter((_, i) => i % 7 === 3)
  const live = [...inTime.filter((one) => !held.includes(one)), ...held.slice(0, 5)]
  const first = await run(live)
  const missed = first.letters.map((letter) => ({
    windows: letter.headers?.[LATE_WINDOWS]?.split(' ').filter((one) => one.startsWith('timed@')) ?? [],
    reading: parsed<PlainReading>(letter),
  }))
  expect(missed.map(({ reading }) => reading)).toEqual(held.slice(0, 5))
  for (const { windows, reading } of missed) {
    const start = Math.floor(reading.ts / 5000) * 5000
    expect(windows).toEqual([`timed@${start}/${start + 5000}`])
  }
  const late = missed.map(({ reading }) => reading)
  const again = await run(await inTimeOrder(live.slice(0, -5), late))
  const whole = await run(inTime.filter((one) => !held.slice(5).includes(one)))
  expect(again.letters).toEqual([])
  expect(again.scores).toEqual(whole.scores)
})
