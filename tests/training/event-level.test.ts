import { describe, expect, it } from 'vitest'
import { eventLevel } from '../../src/training/event-level.ts'
import type { RaisedAlert } from '../../src/training/judged.ts'
import { judgedMinutes, MINUTE, repeated } from '../support/judged.ts'

const alert = (asset: string, minute: number): RaisedAlert => ({
  asset,
  rule: 'risk',
  raisedMs: minute * MINUTE,
  clearedMs: null,
})
const quiet = (minutes: number) => repeated<number | null>(0, minutes)

describe('the event level', () => {
  const windows = judgedMinutes({ a: quiet(20), b: quiet(20) }, { a: [10, 19], b: [5, 9] })

  it('takes the first alert between onset and failure as the warning', () => {
    const level = eventLevel(windows, [alert('a', 14), alert('a', 12), alert('b', 10)], 1)
    expect(level).toMatchObject({ failures: 2, warned: 2, warnedShare: 1, alerts: 3, falseAlerts: 0 })
    expect(level.warnings.map(({ warnedMs }) => warnedMs)).toEqual([12 * MINUTE, 10 * MINUTE])
    expect(level.leadMs).toMatchObject({ least: 0, median: 4 * MINUTE, most: 8 * MINUTE })
    expect(level.delayMs).toMatchObject({ least: 2 * MINUTE, most: 5 * MINUTE })
  })

  it('counts alerts outside of a fault as false, over the healthy time', () => {
    const level = eventLevel(windows, [alert('a', 10), alert('a', 3), alert('b', 15)], 1)
    expect(level).toMatchObject({ warned: 0, warnedShare: 0, falseAlerts: 3, leadMs: null })
    expect(level.healthyMachineDays).toBeCloseTo(25 / 1440, 6)
    expect(level.machineDays).toBeCloseTo(40 / 1440, 6)
    expect(level.falseAlertsPer100MachineDays).toBeCloseTo((3 / (25 / 1440)) * 100, 3)
    expect(level.falseAlertsPer100MachineDaysAtMost).toBeCloseTo((7.753657 / (25 / 1440)) * 100, 1)
    expect(level.falseAlertsPerMachineMonth).toBeCloseTo((3 / (25 / 1440)) * (365.2425 / 12), 3)
  })

  it('does not judge what nobody watched: while learning, behind the end, machines without readings', () => {
    const learning = judgedMinutes(
      { a: repeated(null, 20), b: quiet(20) },
      { a: [5, 9], b: [15, 25], c: [1, 2] },
    )
    const level = eventLevel(learning, [], 1)
    expect(level).toMatchObject({ failures: 0, unwatchedFailures: 2, warnedShare: null })
    expect(level.machineDays).toBeCloseTo(20 / 1440, 6)
    const unwatched = eventLevel(judgedMinutes({ a: [null] }, {}), [], 1)
    expect(unwatched.falseAlertsPerMachineMonth).toBeNull()
    expect(unwatched.falseAlertsPer100MachineDaysAtMost).toBeNull()
  })

  it('has intervals over machines', () => {
    const names = repeated(0, 8).map((_, i) => `m${i}`)
    const fleet = judgedMinutes(
      Object.fromEntries(names.map((name) => [name, quiet(20)])),
      Object.fromEntries(names.map((name) => [name, [10, 19]])),
    )
    const { intervals } = eventLevel(
      fleet,
      names.slice(0, 4).map((name) => alert(name, 15)),
      1,
    )
    const [low, high] = intervals!.warnedShare!
    expect(low).toBeGreaterThan(0.05)
    expect(low).toBeLessThan(0.5)
    expect(high).toBeGreaterThan(0.5)
    expect(intervals!.medianLeadMs).toEqual([5 * MINUTE, 5 * MINUTE])
    expect(intervals!.falseAlertsPerMachineMonth).toEqual([0, 0])
  })
})
