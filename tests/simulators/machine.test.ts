/** Physical sanity of pumps and motors: what holds for every machine that can be drawn. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Duty } from '../../simulators/duty.ts'
import type { FaultKind } from '../../simulators/fault.ts'
import type { MachineClass } from '../../simulators/machine.ts'
import { MOTOR } from '../../simulators/motor.ts'
import { PUMP } from '../../simulators/pump.ts'
import { createRandom } from '../../simulators/random.ts'

const FULL: Duty = { speed: 1, load: 1, ramp: 0 }
const SECONDS = 0.5
const seeds = fc.integer({ min: 0, max: 1e6 })

/** Mean and standard deviation of each channel over ten minutes, after ten minutes to warm up. */
function run(
  machineClass: MachineClass,
  seed: number,
  duty: Duty,
  fault: FaultKind | null = null,
  severity = 0,
) {
  const machine = machineClass.create(createRandom(seed))
  const values = new Float64Array(machineClass.channels.length)
  const rows: number[][] = []
  for (let step = 0; step < 2400; step++) {
    machine.step({ seconds: SECONDS, duty, ambient: 20, fault, severity }, values)
    if (step >= 1200) rows.push([...values])
  }
  const figures = machineClass.channels.map(({ name }, i) => {
    const mean = rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length
    const std = Math.sqrt(rows.reduce((sum, row) => sum + (row[i]! - mean) ** 2, 0) / rows.length)
    return [name, { mean, std }] as const
  })
  return new Map(figures)
}

type Figures = ReturnType<typeof run>
const mean = (figures: Figures, channel: string) => figures.get(channel)!.mean
const std = (figures: Figures, channel: string) => figures.get(channel)!.std

describe.each([
  ['pump', PUMP],
  ['motor', MOTOR],
] as const)('every %s', (_, machineClass) => {
  it('in health stands in zone A or B of ISO 20816-3, and failed in zone C or D, or too hot', () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom(...machineClass.faults), (seed, fault) => {
        expect(mean(run(machineClass, seed, FULL), 'vibration')).toBeLessThan(2.3)
        const failed = run(machineClass, seed, FULL, fault, 1)
        const severe = ['imbalance', 'bearing-wear', 'cavitation'].includes(fault)
        if (severe) expect(mean(failed, 'vibration')).toBeGreaterThan(4.5)
        if (fault === 'winding-overheating') expect(mean(failed, 'temperature')).toBeGreaterThan(120)
      }),
      { numRuns: 12 },
    )
  })

  it('at rest is still, draws no current and cools to the air', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const still = run(machineClass, seed, { speed: 0, load: 1, ramp: 0 })
        expect(mean(still, 'vibration')).toBeLessThan(0.1)
        expect(mean(still, 'current')).toBe(0)
        expect(mean(still, 'rpm')).toBe(0)
        expect(mean(still, 'temperature')).toBeLessThan(
          mean(run(machineClass, seed, FULL), 'temperature') - 5,
        )
      }),
      { numRuns: 10 },
    )
  })

  it('with a fault grows worse with its severity', () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom(...machineClass.faults), (seed, fault) => {
        const [slight, grave] = [0.2, 0.8].map((severity) => run(machineClass, seed, FULL, fault, severity))
        const channel = fault === 'winding-overheating' ? 'temperature' : 'vibration'
        expect(mean(slight!, channel)).toBeGreaterThan(mean(run(machineClass, seed, FULL), channel))
        expect(mean(grave!, channel)).toBeGreaterThan(mean(slight!, channel))
      }),
      { numRuns: 12 },
    )
  })

  it('repeats with its seed', () => {
    expect(run(machineClass, 7, FULL, 'bearing-wear', 0.5)).toEqual(
      run(machineClass, 7, FULL, 'bearing-wear', 0.5),
    )
    expect(run(machineClass, 7, FULL)).not.toEqual(run(machineClass, 8, FULL))
  })
})

describe('a pump', () => {
  it('follows the affinity laws: without a static lift flow ∝ n, head ∝ n²; with it they fall faster', () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: 0.75, max: 0.95, noNaN: true }), (seed, speed) => {
        const full = run(PUMP, seed, FULL)
        const slow = run(PUMP, seed, { ...FULL, speed })
        expect(mean(slow, 'flow') / mean(full, 'flow')).toBeLessThan(speed + 0.01)
        expect(mean(slow, 'flow') / mean(full, 'flow')).toBeGreaterThan(speed ** 2.2)
        expect(mean(slow, 'pressure') / mean(full, 'pressure')).toBeCloseTo(speed ** 2, 1)
        expect(mean(slow, 'rpm') / mean(full, 'rpm')).toBeCloseTo(speed, 1)
        expect(mean(slow, 'current')).toBeLessThan(mean(full, 'current'))
      }),
      { numRuns: 10 },
    )
  })

  it('loses pressure and flow to cavitation, and both become restless', () => {
    const well = run(PUMP, 1, FULL)
    const ill = run(PUMP, 1, FULL, 'cavitation', 0.6)
    expect(mean(ill, 'pressure')).toBeLessThan(0.93 * mean(well, 'pressure'))
    expect(mean(ill, 'flow')).toBeLessThan(0.97 * mean(well, 'flow'))
    expect(std(ill, 'pressure')).toBeGreaterThan(3 * std(well, 'pressure'))
    expect(std(ill, 'flow')).toBeGreaterThan(3 * std(well, 'flow'))
  })

  it('with a leaking seal delivers less and draws more', () => {
    const well = run(PUMP, 1, FULL)
    const ill = run(PUMP, 1, FULL, 'seal-leak', 0.6)
    expect(mean(ill, 'flow')).toBeLessThan(mean(well, 'flow'))
    expect(mean(ill, 'current')).toBeGreaterThan(mean(well, 'current'))
    expect(mean(ill, 'temperature')).toBeGreaterThan(mean(well, 'temperature') + 5)
  })
})

describe('a motor', () => {
  it('slips and warms with its load', () => {
    const idle = run(MOTOR, 1, { ...FULL, load: 0.4 })
    const full = run(MOTOR, 1, FULL)
    expect(mean(full, 'rpm')).toBeLessThan(mean(idle, 'rpm'))
    expect(mean(full, 'temperature')).toBeGreaterThan(mean(idle, 'temperature') + 15)
    expect(mean(full, 'current')).toBeCloseTo(26, -1)
    expect(mean(full, 'torque')).toBeCloseTo(97, -1)
  })

  it('with shorted turns draws more current for the same torque, and slips more', () => {
    const well = run(MOTOR, 1, FULL)
    const ill = run(MOTOR, 1, FULL, 'winding-overheating', 0.6)
    expect(mean(ill, 'current') / mean(ill, 'torque')).toBeGreaterThan(
      1.05 * (mean(well, 'current') / mean(well, 'torque')),
    )
    expect(mean(ill, 'rpm')).toBeLessThan(mean(well, 'rpm'))
    expect(mean(ill, 'temperature')).toBeGreaterThan(mean(well, 'temperature') + 20)
  })

  it('draws several times its current while it runs up', () => {
    const start = run(MOTOR, 1, { speed: 0.3, load: 1, ramp: 0.7 })
    const full = run(MOTOR, 1, FULL)
    expect(mean(start, 'current')).toBeGreaterThan(1.5 * mean(full, 'current'))
  })
})
