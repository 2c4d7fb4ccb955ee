import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { isFailure } from '../../src/core/errors.ts'
import { makeNormal } from '../../src/core/normal.ts'
import {
  makePartition,
  type Partition,
  type PipelineRules,
  type Step,
  takeReading,
} from '../../src/core/partition.ts'
import { decodeState, encodeState, type Snapshot } from '../../src/core/state.ts'
import { STATE_VERSION } from '../../src/core/state-chunks.ts'
import { moves, play } from '../support/moves.ts'
import { pipelineRules, ROOMY } from '../support/pipeline-rules.ts'
import { fieldsOf } from '../support/reading-fields.ts'

const T = 1_700_000_000_000
const DEFINITIONS = ['d0', 'd1']
const PIPELINES = [
  pipelineRules({ name: 'all' }),
  pipelineRules({
    name: 'pumps',
    assets: 'pump-*',
    channels: ['vibration', 'temperature'],
    window: { sizeMs: 9000, hopMs: 4000, latenessMs: 6000, idleMs: 15_000 },
    dedupePerAsset: 5,
  }),
]

function recordsOf({ records }: Snapshot): Map<string, Uint8Array> {
  return new Map(records.flatMap(({ key, value }) => (value ? [[key, value] as const] : [])))
}

/** Through bytes into a new partition. */
function restored(
  from: Partition,
  pipelines: readonly PipelineRules[] = from.pipelines,
  definitions: readonly string[] = DEFINITIONS,
) {
  const partition = makePartition(pipelines, from.limits)
  const outcome = decodeState(partition, recordsOf(encodeState(from, 77, DEFINITIONS, 0)), definitions)
  return { partition, outcome }
}

function withReadings(count: number, channels = 1): Partition {
  const partition = makePartition(PIPELINES, { ...ROOMY, channelsPerAsset: channels })
  const values = Object.fromEntries(Array.from({ length: channels }, (_, i) => [`c${i}`, i]))
  for (let i = 0; i < count; i++) {
    takeReading(partition, fieldsOf({ asset: `pump-${i}`, ts: T, values }), i, [])
  }
  return partition
}

describe('a state restored from its bytes', () => {
  test('does what the one that wrote them does, whatever comes', () => {
    fc.assert(
      fc.property(moves, moves, (before, after) => {
        const first = makePartition(PIPELINES, ROOMY)
        before.forEach((move, offset) => {
          play(first, move, offset)
        })
        const { partition: second, outcome } = restored(first)
        const chunks = first.assets.size > 0 ? 1 : 0
        expect(outcome).toMatchObject({ offset: 77, chunks, changed: [], endings: [] })
        after.forEach((move, offset) => {
          expect(play(second, move, offset)).toEqual(play(first, move, offset))
        })
        expect(encodeState(second, 0, DEFINITIONS, 0)).toEqual(encodeState(first, 0, DEFINITIONS, 0))
        expect(second.readings).toEqual(first.readings)
        expect(second.closed).toEqual(first.closed)
      }),
      { numRuns: 200 },
    )
  })

  test('shares no memory with it', () => {
    const first = withReadings(1)
    const { partition: second } = restored(first)
    const steps: Step[] = []
    takeReading(second, fieldsOf({ asset: 'pump-0', ts: T + 1, values: { c0: 5 } }), 1, steps)
    expect(first.assets.get('pump-0')![0]!.windows[0]!.count).toBe(1)
    expect(second.assets.get('pump-0')![0]!.windows[0]!.count).toBe(2)
  })
})

describe('records', () => {
  test('hold many assets each, and few bytes', () => {
    const { records, chunks } = encodeState(withReadings(300), 0, DEFINITIONS, 0)
    expect(chunks).toBe(10)
    expect(records.map(({ key }) => key)).toEqual([
      ...Array.from({ length: 10 }, (_, i) => `chunk/${i}`),
      'head',
    ])
  })

  test('stay within what a log takes, however wide the assets are', () => {
    const wide = withReadings(200, 256)
    const { records, chunks } = encodeState(wide, 0, DEFINITIONS, 0)
    expect(chunks).toBeGreaterThan(7)
    for (const { value } of records) expect(value!.byteLength).toBeLessThan(1024 * 1024)
    expect(restored(wide).partition.assets.size).toBe(200)
  })

  test('of an older, longer snapshot get a tombstone', () => {
    const { records } = encodeState(withReadings(1), 0, DEFINITIONS, 3)
    expect(records.map(({ key, value }) => [key, value === null])).toEqual([
      ['chunk/0', false],
      ['chunk/1', true],
      ['chunk/2', true],
      ['head', false],
    ])
  })

  test('none is no state', () => {
    expect(decodeState(makePartition(PIPELINES, ROOMY), new Map(), DEFINITIONS)).toBeNull()
  })
})

describe('refused, by name', () => {
  function refusal(spoil: (records: Map<string, Uint8Array>) => void): unknown {
    const records = recordsOf(encodeState(withReadings(300), 0, DEFINITIONS, 0))
    spoil(records)
    try {
      return decodeState(makePartition(PIPELINES, ROOMY), records, DEFINITIONS)
    } catch (error) {
      return error
    }
  }

  test.each(['head', 'chunk/3'])('%s of a newer version', (key) => {
    const packr = new Packr({ moreTypes: true, useRecords: false })
    const error = refusal((records) => {
      const newer = { ...packr.unpack(records.get(key)!), version: STATE_VERSION + 1 }
      records.set(key, packr.pack(newer))
    })
    expect(isFailure(error, 'log-version')).toBe(true)
    expect(String(error)).toMatch(new RegExp(`newer version \\(${STATE_VERSION + 1}, .*update Forewarn`))
  })

  test('a chunk that is missing', () => {
    const error = refusal((records) => records.delete('chunk/4'))
    expect(isFailure(error, 'log-version')).toBe(true)
    expect(String(error)).toMatch(/chunk 4 of 10 is missing/)
  })
})

describe('a changed definition', () => {
  test('discards the open windows of that pipeline alone, counts them, and opens none half empty', () => {
    const first = makePartition(PIPELINES, ROOMY)
    for (const asset of ['pump-1', 'pump-2']) {
      takeReading(first, fieldsOf({ asset, ts: T + 1000, values: { vibration: 1 } }), 0, [])
    }
    const { partition, outcome } = restored(first, PIPELINES, ['d0', 'other'])
    const open = first.assets.get('pump-1')![1]!.windows.length
    expect(outcome!.changed).toEqual([
      {
        pipeline: 'pumps',
        what: 'definition',
        assets: 2,
        discardedWindows: 2 * open,
        keptAlerts: 0,
        endedAlerts: 0,
      },
    ])
    expect(partition.tallies.get('window/discarded')).toBe(2 * open)
    const [all, pumps] = partition.assets.get('pump-1')!
    expect(all!.windows).toHaveLength(1)
    expect(pumps!.windows).toEqual([])
    const taken = takeReading(partition, fieldsOf({ asset: 'pump-1', ts: T + 2000 }), 1, [])
    expect(taken).toMatchObject({ results: ['windowed', 'late'] })
    takeReading(partition, fieldsOf({ asset: 'pump-1', ts: T + 9000 }), 2, [])
    for (const { start } of pumps!.windows) expect(start).toBeGreaterThan(T + 1000)
  })

  test('keeps open alerts, by the name of their rule', () => {
    const first = makePartition(PIPELINES, ROOMY)
    takeReading(first, fieldsOf({ asset: 'pump-1', ts: T, values: { vibration: 1 } }), 0, [])
    const slot = first.assets.get('pump-1')![1]!.alerts[0]!
    Object.assign(slot, { transitions: 3, run: 2, since: T })
    const [rule] = PIPELINES[1]!.alerts
    const pipelines = [PIPELINES[0]!, { ...PIPELINES[1]!, alerts: [{ ...rule!, rule: 'new' }, rule!] }]
    const { partition } = restored(first, pipelines, ['d0', 'other'])
    const [fresh, kept] = partition.assets.get('pump-1')![1]!.alerts
    expect(fresh).toMatchObject({ open: null, transitions: 0 })
    expect(kept).toEqual(slot)
  })

  test('of channels begins a new normal', () => {
    const first = makePartition(PIPELINES, ROOMY)
    takeReading(first, fieldsOf({ asset: 'pump-1', ts: T, values: { vibration: 1 } }), 0, [])
    first.assets.get('pump-1')![1]!.normal.cells.fill(5)
    const pipelines = [PIPELINES[0]!, { ...PIPELINES[1]!, channels: ['vibration'] }]
    const { partition } = restored(first, pipelines, ['d0', 'other'])
    expect(partition.assets.get('pump-1')![1]!.normal.cells).toEqual(makeNormal(1).cells)
  })
})

describe('a changed list of pipelines', () => {
  test('a new one takes assets that are known already', () => {
    const first = makePartition([PIPELINES[0]!], ROOMY)
    takeReading(first, fieldsOf({ asset: 'pump-1', ts: T, values: { a: 1 } }), 0, [])
    const { partition } = restored(first, [PIPELINES[1]!, PIPELINES[0]!], ['d1', 'd0'])
    expect(partition.assets.get('pump-1')!.map(({ pipeline }) => pipeline)).toEqual([0, 1])
    const taken = takeReading(partition, fieldsOf({ asset: 'pump-1', ts: T + 1, values: { a: 1 } }), 1, [])
    expect(taken).toMatchObject({ results: ['windowed', 'windowed'] })
    expect(partition.readings.map(({ decoded }) => decoded)).toEqual([1, 2])
  })

  test('a removed one, or one that takes fewer assets, lets go of them', () => {
    const first = withReadings(2)
    const narrower = { ...PIPELINES[1]!, takes: (asset: string) => asset === 'pump-0' }
    const { partition } = restored(first, [narrower], ['d1'])
    expect([...partition.assets.keys()]).toEqual(['pump-0'])
    expect(partition.assets.get('pump-0')!.map(({ pipeline }) => pipeline)).toEqual([0])
  })
})

test('an asset keeps the channels it has when their limit was lowered', () => {
  const first = withReadings(1, 8)
  const partition = makePartition(PIPELINES, { ...ROOMY, channelsPerAsset: 3 })
  decodeState(partition, recordsOf(encodeState(first, 0, DEFINITIONS, 0)), DEFINITIONS)
  const state = partition.assets.get('pump-0')![0]!
  expect(state.layout.channels).toHaveLength(8)
  takeReading(partition, fieldsOf({ asset: 'pump-0', ts: T + 1, values: { c7: 1, c9: 1 } }), 1, [])
  expect(state.windows[0]!.count).toBe(2)
  expect(state.layout.channels).toHaveLength(8)
})
