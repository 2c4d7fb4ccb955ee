import { expect, test } from 'vitest'
import { compareAlerts, makeAlertHistory, type PastAlert } from '../../src/core/alert-history.ts'
import type { AlertEvent } from '../../src/core/records.ts'

const past = (asset: string, raisedAt: number, endedAt: number | null = null): PastAlert => ({
  alert: `${asset}:risk:${raisedAt}`,
  asset,
  pipeline: 'pumps',
  rule: 'risk',
  severity: 'high',
  raisedAt,
  endedAt,
})

const compared = (would: PastAlert[], was: PastAlert[]) =>
  compareAlerts(would, was).map(({ change, byMs, would: a, was: b }) => [
    change,
    byMs,
    a?.raisedAt,
    b?.raisedAt,
  ])

test('the same, earlier, later, added and missing', () => {
  const would = [past('a', 100), past('b', 50, 90), past('c', 70), past('d', 10, 20)]
  const was = [past('a', 100, 300), past('b', 80), past('c', 60, 75), past('d', 30)]
  expect(compared(would, was)).toEqual([
    ['added', 0, 10, undefined],
    ['missing', 0, undefined, 30],
    ['earlier', 30, 50, 80],
    ['later', 10, 70, 60],
    ['same', 0, 100, 100],
  ])
})

test('one that is the same is never given away to another of its rule', () => {
  expect(compared([past('a', 10, 40), past('a', 50, 60)], [past('a', 50, 60)])).toEqual([
    ['added', 0, 10, undefined],
    ['same', 0, 50, 50],
  ])
  expect(compared([past('a', 10, 100)], [past('a', 20, 30), past('a', 40, 50)])).toEqual([
    ['earlier', 10, 10, 20],
    ['missing', 0, undefined, 40],
  ])
})

test('an alert is from its first event to its closed one', () => {
  const history = makeAlertHistory()
  const event = (state: 'active' | 'closed', at: number): AlertEvent => ({
    specversion: '1.0',
    id: `${at}`,
    source: 'forewarn/pumps',
    type: state === 'active' ? 'forewarn.alert.raised' : 'forewarn.alert.cleared',
    subject: 'a',
    time: new Date(at).toISOString(),
    datacontenttype: 'application/json',
    data: { ...past('a', 100), state, score: 1, updatedAt: at, windowEnd: at, reasons: [] },
  })
  history.take(event('active', 100))
  expect(history.alerts()).toEqual([past('a', 100)])
  history.take(event('closed', 400))
  expect(history.alerts()).toEqual([past('a', 100, 400)])
})
