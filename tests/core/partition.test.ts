import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  closeAll,
  makePartition,
  openWindows,
  type Partition,
  type PipelineRules,
  type Step,
  takeReading,
  takeTick,
} from '../../src/core/partition.ts'
import { moves, play } from '../support/moves.ts'
import { pipelineRules, ROOMY } from '../support/pipeline-rules.ts'
import { fieldsOf, type GivenReading } from '../support/reading-fields.ts'

const T = 1_700_000_000_000

function partitionOf(rules: Partial<PipelineRules> = {}, limits = ROOMY): Partition {
  return makePartition([pipelineRules(rules)], limits)
}

function take(partition: Partition, reading: GivenReading, steps: Step[] = []) {
  const taken = takeReading(partition, fieldsOf(reading), 0, steps)
  return typeof taken === 'string' ? taken : [...taken.results]
}

const closings = (steps: readonly Step[]) =>
  steps.map((step) =>
    'window' in step
      ? `${step.window.state.asset} ${step.window.start - T} ${step.window.closed}`
      : 'command',
  )

test('the counters balance, per pipeline and at every moment', () => {
  const pipelines = [
    pipelineRules({ name: 'all' }),
    pipelineRules({
      name: 'pumps',
      assets: 'pump-*',
      window: { sizeMs: 9000, hopMs: 4000, latenessMs: 6000, idleMs: 15_000 },
    }),
  ]
  fc.assert(
    fc.property(moves, (all) => {
      const partition = makePartition(pipelines, ROOMY)
      let [readings, ofPumps, closed] = [0, 0, 0]
      all.forEach((move, offset) => {
        const before = partition.tickTs
        play(partition, move, offset)
        if ('reading' in move) {
          readings++
          if (move.reading.asset?.startsWith('pump')) ofPumps++
        }
        for (const { decoded, windowed, late, duplicate, future } of partition.readings) {
          expect(decoded).toBe(windowed + late + duplicate + future)
        }
        expect(partition.tickTs ?? 0).toBeGreaterThanOrEqual(before ?? 0)
      })
      expect(partition.readings.map(({ decoded }) => decoded)).toEqual([readings, ofPumps])
      const steps: Step[] = []
      closeAll(partition, 0, steps)
      closed = partition.closed.reduce((sum, by) => sum + by.watermark + by.idle + by.end, 0)
      expect(closed).toBeGreaterThanOrEqual(steps.length)
      expect(openWindows(partition)).toBe(0)
    }),
    { numRuns: 200 },
  )
})

test('each window is a step with the offset of what closed it, in the order of closing', () => {
  const partition = partitionOf()
  const steps: Step[] = []
  takeReading(partition, fieldsOf({ ts: T }), 1, steps)
  takeReading(partition, fieldsOf({ asset: 'pump-2', ts: T }), 2, steps)
  takeReading(partition, fieldsOf({ ts: T + 25_000 }), 3, steps)
  takeTick(partition, { ts: T, elapsed: 20_000 }, 4, steps)
  expect(closings(steps)).toEqual(['pump-1 0 watermark', 'pump-1 20000 idle', 'pump-2 0 idle'])
  expect(steps.map(({ offset }) => offset)).toEqual([3, 4, 4])
})

describe('ticks', () => {
  test('close what has been silent as long as idle says, and only that', () => {
    const partition = partitionOf()
    const steps: Step[] = []
    take(partition, { ts: T })
    takeTick(partition, { ts: T, elapsed: 19_999 }, 0, steps)
    take(partition, { asset: 'pump-2', ts: T })
    expect(closings(steps)).toEqual([])
    takeTick(partition, { ts: T, elapsed: 1 }, 0, steps)
    expect(closings(steps)).toEqual(['pump-1 0 idle'])
  })

  test('count only what the owner was there for: an outage of ours is no silence', () => {
    const partition = partitionOf()
    const steps: Step[] = []
    take(partition, { ts: T })
    takeTick(partition, { ts: T + 3_600_000, elapsed: 0 }, 0, steps)
    expect(steps).toEqual([])
    expect(partition.tickTs).toBe(T + 3_600_000)
  })

  test('never turn the clock back', () => {
    const partition = partitionOf()
    takeTick(partition, { ts: T, elapsed: 0 }, 0, [])
    takeTick(partition, { ts: T - 5000, elapsed: 1000 }, 0, [])
    expect(partition.tickTs).toBe(T)
    expect(partition.elapsedMs).toBe(1000)
  })
})

describe('a reading ahead of the clock', () => {
  test('is future beyond the limit, and leaves the watermark alone', () => {
    const partition = partitionOf()
    takeTick(partition, { ts: T, elapsed: 0 }, 0, [])
    expect(take(partition, { ts: T + ROOMY.futureByMs + 1 })).toEqual(['future'])
    expect(take(partition, { ts: T + ROOMY.futureByMs })).toEqual(['windowed'])
    expect(take(partition, { ts: T })).toEqual(['late'])
  })

  test('is measured against the time of its record where that is later: nobody writes ticks in an outage', () => {
    const partition = partitionOf()
    takeTick(partition, { ts: T, elapsed: 0 }, 0, [])
    const afterMs = T + 3_600_000
    const taken = (ts: number) => takeReading(partition, fieldsOf({ ts }), 0, [], afterMs)
    expect(taken(afterMs + ROOMY.futureByMs)).toMatchObject({ results: ['windowed'] })
    expect(taken(afterMs + ROOMY.futureByMs + 1)).toMatchObject({ results: ['future'] })
  })

  test('is taken before the first tick: there is no clock yet', () => {
    expect(take(partitionOf(), { ts: T * 2 })).toEqual(['windowed'])
  })
})

describe('room', () => {
  test('a new asset beyond the limit is refused, a known one is not', () => {
    const partition = partitionOf({}, { ...ROOMY, assets: 1 })
    expect(take(partition, { asset: 'pump-1', ts: T })).toEqual(['windowed'])
    expect(take(partition, { asset: 'pump-2', ts: T })).toBe('full')
    expect(take(partition, { asset: 'pump-1', ts: T + 1 })).toEqual(['windowed'])
  })

  test('an asset that no pipeline takes is unassigned and takes no room', () => {
    const partition = makePartition([pipelineRules({ assets: 'pump-*' })], ROOMY)
    expect(take(partition, { asset: 'motor-1', ts: T })).toBe('unassigned')
    expect(partition.assets.size).toBe(0)
    expect(partition.readings[0]!.decoded).toBe(0)
  })

  test('channels of an asset stop at their limit', () => {
    const partition = partitionOf({}, { ...ROOMY, channelsPerAsset: 2 })
    for (let i = 0; i < 20; i++) take(partition, { ts: T + i, values: { [`c${i}`]: i } })
    expect(partition.assets.get('pump-1')![0]!.layout.channels).toEqual(['c0', 'c1'])
  })
})

test('assets of a group share plausible values and layout', () => {
  const plausible = () => ({ min: 0, max: 1 })
  const partition = partitionOf({ plausible: (asset) => (asset.startsWith('pump') ? plausible : null) })
  for (const asset of ['pump-1', 'pump-2', 'motor-1']) take(partition, { asset, ts: T, values: { a: 5 } })
  const layoutOf = (asset: string) => partition.assets.get(asset)![0]!.layout
  expect(layoutOf('pump-1')).toBe(layoutOf('pump-2'))
  expect(layoutOf('pump-1').max[0]).toBe(1)
  expect(layoutOf('motor-1').max[0]).toBe(Number.POSITIVE_INFINITY)
})
