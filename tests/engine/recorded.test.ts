import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NewRecord } from '../../src/core/ports.ts'
import type { Score } from '../../src/core/records.ts'
import { topicNames } from '../../src/core/topics.ts'
import type { PlainReading } from '../../src/core/windowed.ts'
import { createLane } from '../../src/engine/lane.ts'
import { makePipeline } from '../../src/engine/pipeline.ts'
import { scoreRecording } from '../../src/engine/recorded.ts'
import { createNaiveAsset } from '../support/naive-asset.ts'
import { LIMITS, pipelineSettings } from '../support/pipeline-settings.ts'
import { smallModel } from '../support/small-net.ts'

const T = 1_700_000_000_000
const topics = topicNames('t.')
const window = { sizeMs: 5000, hopMs: 5000, latenessMs: 1000, idleMs: 10_000 }

async function scoresOf(readings: readonly PlainReading[]): Promise<Score[]> {
  const pipelines = [
    makePipeline(pipelineSettings({ window }), [], LIMITS, smallModel({ sizeMs: 5000, hopMs: 5000 })),
  ]
  const lane = createLane({ partition: 0, topics, pipelines, limits: LIMITS, inferred() {} })
  const emitted: NewRecord[] = []
  for await (const batch of scoreRecording([lane], readings)) emitted.push(...batch)
  const decoder = new TextDecoder()
  return emitted
    .filter(({ topic }) => topic === topics.scores)
    .map(({ value }) => JSON.parse(decoder.decode(value!)) as Score)
}

function reading(asset: string, ts: number): PlainReading {
  return { asset, ts, values: { temperature: 50, vibration: 2 } }
}

test('what is open at the end closes with "end"', async () => {
  const scores = await scoresOf([reading('pump-1', T), reading('pump-1', T + 6000)])
  expect(scores.map(({ windowStart, count, closed }) => [windowStart - T, count, closed])).toEqual([
    [0, 1, 'watermark'],
    [5000, 1, 'end'],
  ])
})

test('an asset that falls silent is closed by the clock of the others', async () => {
  const others = Array.from({ length: 40 }, (_, i) => reading('pump-2', T + i * 500))
  const scores = await scoresOf([reading('pump-1', T), ...others])
  expect(scores.find(({ asset }) => asset === 'pump-1')).toMatchObject({ closed: 'idle' })
})

test('each reading is in the windows of its asset, over gaps of any length', async () => {
  const gaps = fc.array(
    fc.record({
      asset: fc.constantFrom('pump-1', 'pump-2'),
      gapMs: fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 400_000_000 })),
    }),
    { maxLength: 40 },
  )
  await fc.assert(
    fc.asyncProperty(gaps, async (all) => {
      let ts = T
      const readings = all.map(({ asset, gapMs }) => {
        ts += gapMs
        return reading(asset, ts)
      })
      const scores = await scoresOf(readings)
      for (const asset of ['pump-1', 'pump-2']) {
        const naive = createNaiveAsset(window, 1000)
        for (const one of readings) if (one.asset === asset) naive.take(one)
        naive.closeIdle('end')
        // In time order no reading is late, so silence moves the end of a window but not what is in it.
        const ours = scores.filter((score) => score.asset === asset)
        expect(ours.map(({ windowStart, count }) => [windowStart, count])).toEqual(
          naive.closed.map(({ start, count }) => [start, count]),
        )
      }
    }),
    { numRuns: 100 },
  )
})

test('nothing in, nothing out', async () => {
  expect(await scoresOf([])).toEqual([])
})
