import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFleet, type FleetOptions, type SimulatedReading } from '../../simulators/fleet.ts'

const START_MS = Date.UTC(2026, 0, 5)
const MINUTE_MS = 60_000

function options(more: Partial<FleetOptions> = {}): FleetOptions {
  return { seed: 1, startMs: START_MS, intervalMs: 500, durationMs: 2 * MINUTE_MS, ...more }
}

function of(readings: Iterable<SimulatedReading>, asset: string): SimulatedReading[] {
  return [...readings].filter((reading) => reading.asset === asset)
}

describe('a fleet', () => {
  it('gives the same bytes for the same seed, and others for another', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        (seed, pump, motor) => {
          const bytes = (fleet: ReturnType<typeof createFleet>) =>
            JSON.stringify([[...fleet.readings()], fleet.labels])
          const one = createFleet({ pump, motor }, options({ seed, faultRate: 500 }))
          expect(bytes(createFleet({ pump, motor }, options({ seed, faultRate: 500 })))).toBe(bytes(one))
          expect(bytes(one)).toBe(bytes(one))
          expect(bytes(createFleet({ pump, motor }, options({ seed: seed + 1, faultRate: 500 })))).not.toBe(
            bytes(one),
          )
        },
      ),
      { numRuns: 10 },
    )
  })

  it("has machines that do not know how many others there are, nor of others' faults", () => {
    const faults = [{ asset: 'pump-02', kind: 'cavitation', fromMs: START_MS, growthMs: MINUTE_MS }] as const
    const small = createFleet({ pump: 1, motor: 1 }, options({ faultRate: 300 }))
    const large = createFleet({ pump: 30, motor: 12 }, options({ faultRate: 300, faults }))
    expect(of(large.readings(), 'pump-01')).toEqual(of(small.readings(), 'pump-01'))
    expect(of(large.readings(), 'motor-01')).toEqual(of(small.readings(), 'motor-01'))
    expect(large.labels.filter(({ asset }) => asset === 'pump-01')).toEqual(
      small.labels.filter(({ asset }) => asset === 'pump-01'),
    )
  })

  it('goes forward in time, each machine at its interval, in the range that was asked for', () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(100, 500, 1000, 60_000), (seed, intervalMs) => {
        const fleet = createFleet({ pump: 3, motor: 2 }, options({ seed, intervalMs, lossShare: 0 }))
        const readings = [...fleet.readings()]
        expect(readings.filter(({ ts }, i) => i > 0 && ts < readings[i - 1]!.ts)).toEqual([])
        expect(readings[0]!.ts).toBeGreaterThanOrEqual(START_MS)
        expect(readings[readings.length - 1]!.ts).toBeLessThan(START_MS + 2 * MINUTE_MS)
        for (const asset of fleet.assets) {
          const own = of(readings, asset)
          expect(own).toHaveLength((2 * MINUTE_MS) / intervalMs)
          expect(own.every(({ ts }, i) => ts === own[0]!.ts + i * intervalMs)).toBe(true)
        }
      }),
      { numRuns: 20 },
    )
  })

  it('drops out: channels for spells, whole readings now and then, in the shares that were asked for', () => {
    const chance = { dropoutShare: 0.1, lossShare: 0.05, durationMs: 60 * MINUTE_MS }
    const readings = [...createFleet({ pump: 4 }, options(chance)).readings()]
    expect(readings.length / (4 * 7200)).toBeCloseTo(0.95, 1)
    const values = readings.flatMap(({ values }) => Object.values(values))
    const silent = values.filter((value) => value === null).length / values.length
    expect(silent).toBeGreaterThan(0.05)
    expect(silent).toBeLessThan(0.15)
    const spells = of(readings, 'pump-01').filter(
      ({ values }, i, all) => values.temperature === null && all[i - 1]?.values.temperature !== null,
    )
    const missing = of(readings, 'pump-01').filter(({ values }) => values.temperature === null)
    expect(missing.length / spells.length).toBeGreaterThan(10)
  })

  it('never tells a number that is not finite', () => {
    const fleet = createFleet(
      { pump: 5, motor: 5 },
      options({ faultRate: 2000, durationMs: 10 * MINUTE_MS, growthMs: [MINUTE_MS, 2 * MINUTE_MS] }),
    )
    expect(fleet.labels.length).toBeGreaterThan(3)
    const values = [...fleet.readings()].flatMap((reading) => Object.values(reading.values))
    expect(values.filter((value) => value !== null && !Number.isFinite(value))).toEqual([])
  })
})

describe('a planned fault', () => {
  const fault = {
    asset: 'pump-03',
    kind: 'bearing-wear',
    fromMs: START_MS + 10 * MINUTE_MS,
    growthMs: 90_000,
  } as const

  it('shows in the readings of its machine from its onset on, and nowhere else', () => {
    const run = { durationMs: 12 * MINUTE_MS, dropoutShare: 0, lossShare: 0 }
    const well = [...createFleet({ pump: 4 }, options(run)).readings()]
    const ill = [...createFleet({ pump: 4 }, options({ ...run, faults: [fault] })).readings()]
    expect(ill.length).toBe(well.length)
    ill.forEach((reading, i) => {
      if (reading.asset !== 'pump-03' || reading.ts <= fault.fromMs) expect(reading).toEqual(well[i])
    })
    const late = of(ill, 'pump-03').slice(-60)
    const level = late.reduce((sum, { values }) => sum + values.vibration!, 0) / late.length
    expect(level).toBeGreaterThan(4)
  })

  it('is labelled with its true onset and failure', () => {
    const { labels } = createFleet(
      { pump: 4 },
      options({ durationMs: Number.POSITIVE_INFINITY, faults: [fault] }),
    )
    expect(labels).toEqual([
      { asset: 'pump-03', from: fault.fromMs, to: fault.fromMs + 90_000, kind: 'bearing-wear' },
    ])
  })

  it('keeps its machine running: it does not hide in a standstill', () => {
    const long = {
      asset: 'motor-01',
      kind: 'imbalance',
      fromMs: START_MS,
      growthMs: 6 * 60 * MINUTE_MS,
    } as const
    const run = { durationMs: 6 * 60 * MINUTE_MS, intervalMs: 5000, dropoutShare: 0, seed: 3 }
    const stops = (faults: FleetOptions['faults']) =>
      [...createFleet({ motor: 1 }, options({ ...run, faults: faults ?? [] })).readings()].filter(
        ({ values }) => values.rpm! < 100,
      )
    expect(stops([]).length).toBeGreaterThan(0)
    expect(stops([long])).toHaveLength(0)
  })

  it('of a machine or kind that is not there is refused by name', () => {
    const refused = (asset: string, kind: 'cavitation' | 'imbalance') => () =>
      createFleet({ pump: 2, motor: 1 }, options({ faults: [{ ...fault, asset, kind }] }))
    expect(refused('pump-03', 'imbalance')).toThrow("no asset 'pump-03'")
    expect(refused('motor-01', 'cavitation')).toThrow("motor-01 can't have 'cavitation', only bearing-wear")
  })
})
