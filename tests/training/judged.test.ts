import { describe, expect, it } from 'vitest'
import type { AlertEvent } from '../../src/core/records.ts'
import { judgedRows, raisedAlerts } from '../../src/training/judged.ts'
import { judgedMinutes } from '../support/judged.ts'

describe('judged windows', () => {
  it('are positive within a label, negative outside, and no verdict while learning', () => {
    const windows = judgedMinutes({ a: [null, 0.1, 0.9, 0.8], b: [0.2, 0.3, 0.1, 0] }, { a: [2, 3] })
    expect(windows.assets).toEqual(['a', 'b'])
    const rows = judgedRows(windows)
    expect(rows).toHaveLength(7)
    const positive = [...rows].filter((row) => windows.target[row] === 1)
    expect(positive.map((row) => [windows.assets[windows.asset[row]!], windows.score[row]])).toEqual([
      ['a', 0.9],
      ['a', 0.8],
    ])
  })
})

describe('raised alerts', () => {
  const event = (type: AlertEvent['type'], rule: string, updatedAt: number): AlertEvent => ({
    specversion: '1.0',
    id: `a:${rule}:5:1`,
    source: 'forewarn/p',
    type,
    subject: 'a',
    time: '',
    datacontenttype: 'application/json',
    data: {
      alert: `a:${rule}:5`,
      asset: 'a',
      pipeline: 'p',
      rule,
      state: 'active',
      severity: 'high',
      score: 1,
      raisedAt: 5,
      updatedAt,
      windowEnd: updatedAt,
      reasons: [],
    },
  })

  it('last from raising to clearing; what updates them, and other rules, do not matter', () => {
    const events = [
      event('forewarn.alert.raised', 'risk', 5),
      event('forewarn.alert.raised', 'no-data', 5),
      event('forewarn.alert.updated', 'risk', 7),
    ]
    const open = { asset: 'a', rule: 'risk', raisedMs: 5, clearedMs: null }
    expect(raisedAlerts(events, new Set(['risk']))).toEqual([open])
    events.push(event('forewarn.alert.cleared', 'risk', 9))
    expect(raisedAlerts(events, new Set(['risk']))).toEqual([{ ...open, clearedMs: 9 }])
  })
})
