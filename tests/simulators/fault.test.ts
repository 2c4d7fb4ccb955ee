import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FAULTS_PER_ASSET, type Fault, faultsOf, severityAt } from '../../simulators/fault.ts'
import { createRandom } from '../../simulators/random.ts'

const KINDS = ['imbalance', 'cavitation'] as const

const faults = fc
  .record({
    fromMs: fc.integer({ min: 0, max: 1e9 }),
    growthMs: fc.integer({ min: 1000, max: 1e8 }),
    repairMs: fc.integer({ min: 0, max: 1e7 }),
    curve: fc.double({ min: 0, max: 3, noNaN: true }),
  })
  .map(({ fromMs, growthMs, repairMs, curve }): Fault => {
    const toMs = fromMs + growthMs
    return { kind: 'imbalance', fromMs, toMs, curve, repairedMs: toMs + repairMs }
  })

describe('the severity of a fault', () => {
  it('is 0 before onset, grows without going back, is 1 from failure to repair, and 0 after it', () => {
    fc.assert(
      fc.property(
        faults,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (fault, a, b) => {
          const at = (share: number) => severityAt(fault, fault.fromMs + share * (fault.toMs - fault.fromMs))
          expect(severityAt(fault, fault.fromMs - 1)).toBe(0)
          expect(at(Math.max(a, b))).toBeGreaterThanOrEqual(at(Math.min(a, b)))
          expect(at(1)).toBe(fault.repairedMs > fault.toMs ? 1 : 0)
          expect(severityAt(fault, fault.repairedMs)).toBe(0)
        },
      ),
    )
  })

  it('grows evenly with curve 0, and by the exponential law with another', () => {
    const fault: Fault = { kind: 'imbalance', fromMs: 0, toMs: 1000, curve: 0, repairedMs: 1000 }
    expect(severityAt(fault, 250)).toBe(0.25)
    expect(severityAt({ ...fault, curve: 2 }, 250)).toBeCloseTo((Math.exp(0.5) - 1) / (Math.exp(2) - 1), 12)
  })
})

describe('the faults of a machine', () => {
  const chance = { perDay: 20, growthMs: [60_000, 3_600_000], repairMs: 600_000 } as const
  const span = { startMs: 1000, endMs: 1000 + 5 * 86_400_000 }

  it('never overlap, and leave room for those that are asked for', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 4 * 86_400_000 }), (seed, at) => {
        const planned = { asset: 'pump-01', kind: 'cavitation', fromMs: at, growthMs: 90_000 } as const
        const found = faultsOf(createRandom(seed), KINDS, chance, [planned], span)
        expect(found.some(({ fromMs, toMs }) => fromMs === at && toMs === at + 90_000)).toBe(true)
        found.slice(1).forEach(({ fromMs }, i) => {
          expect(fromMs).toBeGreaterThanOrEqual(found[i]!.repairedMs)
        })
        for (const { fromMs, toMs, kind } of found) {
          expect(toMs).toBeGreaterThan(fromMs)
          expect(KINDS).toContain(kind)
        }
      }),
    )
  })

  it('come at the rate that is asked for', () => {
    const found = Array.from({ length: 50 }, (_, seed) =>
      faultsOf(createRandom(seed), KINDS, chance, [], span),
    ).flat()
    // A cycle is 72 min of health, about 16 min of growth and 10 min of repair.
    expect(found.length / 250).toBeGreaterThan(12)
    expect(found.length / 250).toBeLessThan(17)
  })

  it('end at the named limit in a run without end', () => {
    const endless = { startMs: 0, endMs: Number.POSITIVE_INFINITY }
    expect(faultsOf(createRandom(1), KINDS, chance, [], endless)).toHaveLength(FAULTS_PER_ASSET)
    expect(faultsOf(createRandom(1), KINDS, { ...chance, perDay: 0 }, [], endless)).toHaveLength(0)
  })
})
