import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAmbient } from '../../simulators/ambient.ts'
import { createDutyCycle } from '../../simulators/duty.ts'
import { PUMP } from '../../simulators/pump.ts'
import { createRandom } from '../../simulators/random.ts'
import { createThermalBody } from '../../simulators/thermal.ts'

describe('a duty cycle', () => {
  it('keeps to its ranges, never jumps, and stands still only when it is not held', () => {
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), (seed, held) => {
        const cycle = createDutyCycle(createRandom(seed), {
          ...PUMP.duty,
          stopShare: 0.5,
          holdSeconds: [10, 60],
        })
        const duties = Array.from({ length: 2000 }, () => cycle.advance(0.5, held))
        const jumps = duties.filter(
          ({ speed }, i) => i > 0 && Math.abs(speed - duties[i - 1]!.speed) > 0.0501,
        )
        expect(jumps).toEqual([])
        const least = Math.min(...duties.map(({ speed }) => speed))
        if (held) expect(least).toBeGreaterThanOrEqual(PUMP.duty.speed[0] - 1e-9)
        else expect(least).toBe(0)
        expect(Math.max(...duties.map(({ speed }) => speed))).toBeLessThanOrEqual(PUMP.duty.speed[1])
        for (const { load } of duties) {
          expect(load >= PUMP.duty.load[0] && load <= PUMP.duty.load[1]).toBe(true)
        }
      }),
      { numRuns: 30 },
    )
  })
})

describe('a thermal body', () => {
  it('goes 63 % of the way in its time constant, whatever the steps', () => {
    for (const steps of [1, 10, 1000]) {
      const body = createThermalBody(300, 20)
      let temperature = 20
      for (let i = 0; i < steps; i++) temperature = body.advance(80, 300 / steps)
      expect(temperature).toBeCloseTo(20 + 60 * (1 - Math.exp(-1)), 9)
    }
  })
})

describe('the air', () => {
  it('stays within what a plant has, over a week', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const ambient = createAmbient(createRandom(seed))
        const start = Date.UTC(2026, 0, 5)
        const week = Array.from({ length: 2016 }, (_, i) => ambient(start + i * 300_000, 300))
        expect(Math.min(...week)).toBeGreaterThan(5)
        expect(Math.max(...week)).toBeLessThan(40)
        expect(Math.max(...week) - Math.min(...week)).toBeGreaterThan(1)
      }),
      { numRuns: 20 },
    )
  })
})
