import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFleet, MACHINE_CLASSES } from '../../simulators/fleet.ts'
import { createRandom } from '../../simulators/random.ts'
import { advance, makeAssetState } from '../../src/core/asset.ts'
import { makeReadingDecoder } from '../../src/core/decode.ts'
import { featureNames } from '../../src/core/features.ts'
import { makeLayout } from '../../src/core/layout.ts'
import type { ClosedWindow } from '../../src/core/open-window.ts'
import { wholeOf } from '../../src/core/page.ts'
import type { PlainReading } from '../../src/core/windowed.ts'
import {
  buildDataset,
  countPositive,
  datasetHash,
  rowsFromOnset,
  usedRows,
} from '../../src/training/dataset.ts'

const START_MS = Date.UTC(2026, 0, 5)
const CHANNELS = MACHINE_CLASSES.pump.channels.map(({ name }) => name)
const OPTIONS = {
  channels: CHANNELS,
  features: featureNames(CHANNELS),
  window: { sizeMs: 5000, hopMs: 5000, latenessMs: 1000, idleMs: 10_000 },
  horizon: { share: 0.6, beforeMs: null, afterMs: 60_000 },
}
const WIDTH = OPTIONS.features.length

function fleet(pump = 2, seed = 1) {
  return createFleet(
    { pump },
    {
      seed,
      startMs: START_MS,
      intervalMs: 500,
      durationMs: 600_000,
      dropoutShare: 0.05,
      faults: [{ asset: 'pump-02', kind: 'cavitation', fromMs: START_MS + 300_000, growthMs: 120_000 }],
    },
  )
}

/** The windows that the live stream makes of the same readings: bytes of JSON through the decoder and the core. */
function liveWindows(readings: Iterable<PlainReading>): Map<string, Float64Array> {
  const decoder = makeReadingDecoder(64)
  const layout = makeLayout(CHANNELS, false, null)
  const rules = { window: OPTIONS.window, dedupePerAsset: 1024, openWindowsPerAsset: 64 }
  const states = new Map<string, ReturnType<typeof makeAssetState>>()
  const closed: ClosedWindow[] = []
  for (const reading of readings) {
    expect(decoder.decode(wholeOf(Buffer.from(JSON.stringify(reading))), reading.asset)).toBeNull()
    const state = states.get(reading.asset) ?? makeAssetState(reading.asset, 0, layout, 0)
    states.set(reading.asset, state)
    advance(state, decoder.fields, rules, 0, closed)
  }
  return new Map(closed.map(({ state, end, statistics }) => [`${state.asset} ${end}`, statistics]))
}

describe('a dataset', () => {
  it('holds the features of the live stream, bit by bit (law 6)', () => {
    const dataset = buildDataset(fleet().readings(), [], OPTIONS)
    const live = liveWindows(fleet().readings())
    expect(dataset.rows).toBe(live.size)
    for (let row = 0; row < dataset.rows; row++) {
      const statistics = live.get(`${dataset.assets[dataset.asset[row]!]} ${dataset.endMs[row]}`)
      expect(dataset.vectors.slice(row * WIDTH, (row + 1) * WIDTH)).toEqual(statistics)
    }
  })

  it('is the same from any iterable, and does not mind how assets are interleaved', () => {
    const one = buildDataset(fleet().readings(), fleet().labels, OPTIONS)
    const other = buildDataset([...fleet().readings()], fleet().labels, OPTIONS)
    expect(datasetHash(other)).toBe(datasetHash(one))
    expect(datasetHash(buildDataset(fleet(2, 2).readings(), fleet().labels, OPTIONS))).not.toBe(
      datasetHash(one),
    )
    expect(datasetHash(buildDataset(fleet().readings(), [], OPTIONS))).not.toBe(datasetHash(one))
    const apart = fleet().assets.flatMap((asset) =>
      [...fleet().readings()].filter((reading) => reading.asset === asset),
    )
    const sorted = buildDataset(apart, fleet().labels, OPTIONS)
    expect([...sorted.vectors].sort()).toEqual([...one.vectors].sort())
  })

  it('takes features in the order that is asked for, NaN for a channel that never came', () => {
    const features = ['rpm.mean', 'humidity.mean', 'temperature.max']
    const few = buildDataset(fleet().readings(), [], {
      ...OPTIONS,
      channels: [...CHANNELS, 'humidity'],
      features,
    })
    const all = buildDataset(fleet().readings(), [], OPTIONS)
    const at = features.map((name) => OPTIONS.features.indexOf(name))
    for (let row = 0; row < few.rows; row++) {
      expect(few.vectors[row * 3]).toBe(all.vectors[row * WIDTH + at[0]!])
      expect(few.vectors[row * 3 + 1]).toBeNaN()
      expect(few.vectors[row * 3 + 2]).toBe(all.vectors[row * WIDTH + at[2]!])
    }
  })

  it('counts what is positive, early and left out', () => {
    const dataset = buildDataset(fleet().readings(), fleet().labels, OPTIONS)
    const all = new Set(dataset.assets.keys())
    // Of 120 s from onset to failure 72 s are positive and 48 s early, in whole windows of 5 s.
    expect(countPositive(dataset, usedRows(dataset, all))).toBe(14)
    const early = rowsFromOnset(dataset, all).length - usedRows(dataset, all).length
    expect(early).toBe(9)
    const healthy = new Set([dataset.assets.indexOf('pump-01')])
    expect(usedRows(dataset, healthy).length).toBeGreaterThan(110)
    expect(countPositive(dataset, usedRows(dataset, healthy))).toBe(0)
  })

  it('tells late and repeated readings from others', () => {
    const random = createRandom(1)
    const readings = [...fleet().readings()]
    const repeated = readings.flatMap((reading) => (random.uniform() < 0.1 ? [reading, reading] : [reading]))
    const late = { ...readings[0]!, values: { rpm: 1 } }
    const dataset = buildDataset([...repeated, late], [], OPTIONS)
    expect(dataset.tally).toEqual({
      windowed: readings.length,
      duplicate: repeated.length - readings.length,
      late: 1,
    })
    expect(dataset.vectors).toEqual(buildDataset(readings, [], OPTIONS).vectors)
  })

  it('learns nothing from values of bad quality, and agrees with the live stream on them', () => {
    const random = createRandom(2)
    const readings = [...fleet().readings()]
    const spoilt = readings.map(({ asset, ts, values }, i): PlainReading => {
      const isBad = values.rpm !== null && values.rpm !== undefined && random.uniform() < 0.2
      return isBad
        ? { asset, ts, values: { ...values, rpm: 1e9 + i }, quality: { rpm: 'Bad' } }
        : { asset, ts, values }
    })
    const missing = spoilt.map(
      ({ quality, ...reading }): PlainReading =>
        quality ? { ...reading, values: { ...reading.values, rpm: null } } : reading,
    )
    const dataset = buildDataset(spoilt, [], OPTIONS)
    expect(dataset.vectors).toEqual(buildDataset(missing, [], OPTIONS).vectors)
    expect(dataset.badValues).toBe(spoilt.filter(({ quality }) => quality).length)
    const live = liveWindows(spoilt)
    for (let row = 0; row < dataset.rows; row++) {
      const name = `${dataset.assets[dataset.asset[row]!]} ${dataset.endMs[row]}`
      expect(dataset.vectors.subarray(row * WIDTH, (row + 1) * WIDTH)).toEqual(live.get(name))
    }
  })

  it('takes any mixture of missing channels', () => {
    const value = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }))
    const values = fc.dictionary(fc.constantFrom(...CHANNELS, 'stranger'), value)
    fc.assert(
      fc.property(fc.array(values, { minLength: 30, maxLength: 60 }), (list) => {
        const readings = list.map((some, i) => ({ asset: 'x', ts: START_MS + i * 500, values: some }))
        const dataset = buildDataset(readings, [], OPTIONS)
        expect(dataset.tally.windowed).toBe(list.length)
        expect(dataset.rows).toBe(Math.floor((list.length - 3) / 10))
        const first = list.slice(0, 10).flatMap(({ rpm }) => (typeof rpm === 'number' ? [rpm] : []))
        const column = OPTIONS.features.indexOf('rpm.max')
        expect(dataset.vectors[column]).toBe(first.length > 0 ? Math.max(...first) : Number.NaN)
      }),
      { numRuns: 50 },
    )
  })

  it('without a closed window is refused', () => {
    expect(() => buildDataset([], [], OPTIONS)).toThrow('none of the windows of 5000 ms')
  })
})
