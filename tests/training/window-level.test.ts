import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rankingCurve, windowLevel } from '../../src/training/window-level.ts'
import { judgedMinutes, repeated } from '../support/judged.ts'

const ranked = (windows: ReturnType<typeof judgedMinutes>, isProbability = true) =>
  windowLevel(windows, { scores: windows.score, threshold: 0.5, isProbability }, 7)

describe('the window level', () => {
  it('counts verdicts against truth at the threshold', () => {
    const level = ranked(judgedMinutes({ a: [0.1, 0.6, 0.9, 0.4], b: [0, 0, 0, null] }, { a: [2, 3] }))!
    expect(level).toMatchObject({
      windows: 7,
      positive: 2,
      threshold: 0.5,
      precision: 0.5,
      recall: 0.5,
      f1: 0.5,
    })
    expect(level.confusion).toEqual({ truePositive: 1, falsePositive: 1, falseNegative: 1, trueNegative: 4 })
    expect(level.accuracy).toBeCloseTo(5 / 7, 6)
    expect(level.falseAlarmRate).toBe(0.2)
    // 10 pairs of a positive and a negative; one of them stands the wrong way round.
    expect(level.rocAuc).toBe(0.9)
    expect(level.calibration?.brier).toBeCloseTo((0.01 + 0.36 + 0.01 + 0.36) / 7, 6)
    expect(level.intervals).toBeNull()
  })

  it('has no areas where a class is missing, and no calibration of what is no probability', () => {
    const level = ranked(judgedMinutes({ a: [0.1, 0.7] }, {}), false)!
    expect(level).toMatchObject({ rocAuc: null, prAuc: null, calibration: null, falseAlarmRate: 0.5 })
    expect(rankingCurve(judgedMinutes({ a: [0.1] }, {}), Float64Array.of(0.1))).toBeNull()
    expect(ranked(judgedMinutes({ a: [null] }, {}))).toBeNull()
  })

  it('has intervals that hold the figures, the same for the same seed', () => {
    const scores = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 4, maxLength: 4 })
    const machines = fc.array(scores, { minLength: 6, maxLength: 10 })
    fc.assert(
      fc.property(machines, (lists) => {
        const named = Object.fromEntries(lists.map((list, i) => [`m${i}`, list.map((score) => score / 10)]))
        const windows = judgedMinutes(named, Object.fromEntries(lists.map((_, i) => [`m${i}`, [2, 3]])))
        const level = ranked(windows)!
        for (const [name, [low, high]] of Object.entries(level.intervals!)) {
          expect(low, name).toBeLessThanOrEqual(high)
        }
        const [low, high] = level.intervals!.accuracy!
        const each = lists.map((list) => list.filter((score, i) => score > 5 === i >= 2).length / 4)
        expect(low).toBeGreaterThanOrEqual(Math.min(...each) - 1e-6)
        expect(high).toBeLessThanOrEqual(Math.max(...each) + 1e-6)
        expect(ranked(windows)).toEqual(level)
      }),
      { numRuns: 3 },
    )
  })

  it('has an interval of no width where all machines are alike', () => {
    const machine = [0.1, 0.7, 0.9, 0.3]
    const names = repeated(0, 6).map((_, i) => `m${i}`)
    const windows = judgedMinutes(
      Object.fromEntries(names.map((name) => [name, machine])),
      Object.fromEntries(names.map((name) => [name, [2, 3]])),
    )
    const level = ranked(windows)!
    const { accuracy, f1, rocAuc, prAuc, brier } = level.intervals!
    expect([accuracy, f1, rocAuc, prAuc]).toEqual(
      [level.accuracy, level.f1, level.rocAuc, level.prAuc].map((value) => [value, value]),
    )
    expect(brier).toEqual([level.calibration!.brier, level.calibration!.brier])
  })
})
