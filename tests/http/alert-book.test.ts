import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ALERT_STATES, type Alert, SEVERITIES } from '../../src/core/records.ts'
import { makeAlertBook } from '../../src/http/alert-book.ts'
import { BOARD_CLOSED_ALERTS } from '../../src/http/limits.ts'
import { alert } from '../support/http.ts'

/** Histories as the engine makes them: one open alert per asset and rule, closed before the next is raised. */
const history = fc
  .array(
    fc.record({
      asset: fc.constantFrom('a', 'b', 'c'),
      rule: fc.constantFrom('risk', 'heat'),
      severity: fc.constantFrom(...SEVERITIES),
      step: fc.constantFrom('raise', 'acknowledge', 'update', 'close'),
    }),
    { maxLength: 60 },
  )
  .map((steps) => {
    const open = new Map<string, Alert>()
    const events: Alert[] = []
    for (const [i, { asset, rule, severity, step }] of steps.entries()) {
      const key = `${asset}/${rule}`
      const now = open.get(key)
      const next =
        now === undefined
          ? alert({ asset, rule, severity, raisedAt: i })
          : ({
              ...now,
              severity,
              updatedAt: i,
              state: step === 'close' ? 'closed' : step === 'acknowledge' ? 'acknowledged' : now.state,
            } as const)
      events.push(next)
      if (next.state === 'closed') open.delete(key)
      else open.set(key, next)
    }
    return { events, open: [...open.values()] }
  })

describe('the alert book', () => {
  it('holds what is open, as it stands', () => {
    fc.assert(
      fc.property(history, ({ events, open }) => {
        const book = makeAlertBook()
        for (const event of events) expect(book.put(event)).toBe(true)
        const shown = [...book.all()].filter(({ state }) => state !== 'closed')
        expect(new Set(shown)).toEqual(new Set(open))
        for (const asset of ['a', 'b', 'c']) {
          const mine = open.filter((one) => one.asset === asset)
          expect(new Set(book.openOf(asset))).toEqual(new Set(mine))
          const ranks = book.openOf(asset).map(({ severity }) => SEVERITIES.indexOf(severity))
          expect(ranks).toEqual([...ranks].sort((x, y) => y - x))
        }
        const counts = book.countBySeverity()
        for (const severity of SEVERITIES) {
          expect(counts[severity]).toBe(open.filter((one) => one.severity === severity).length)
        }
      }),
    )
  })

  it('shows the same when it begins with the states and reads the events again, from anywhere before', () => {
    fc.assert(
      fc.property(history, fc.nat(60), fc.nat(60), ({ events, open }, at, back) => {
        const cut = Math.min(at, events.length)
        const book = makeAlertBook()
        const states = new Map(events.slice(0, cut).map((one) => [`${one.asset}/${one.rule}`, one]))
        for (const state of states.values()) book.put(state)
        for (const event of events.slice(Math.max(0, cut - back), cut)) book.putHistory(event)
        for (const event of events.slice(cut)) book.put(event)
        const shown = [...book.all()].filter(({ state }) => state !== 'closed')
        expect(new Set(shown)).toEqual(new Set(open))
        for (const event of events.slice(cut)) expect(book.get(event.alert)).toBeDefined()
      }),
    )
  })

  it('finds in the history what the states did not show yet, as on Kafka where topics show a commit one by one', () => {
    fc.assert(
      fc.property(history, fc.nat(60), fc.nat(5), ({ events, open }, at, lag) => {
        const cut = Math.min(at, events.length)
        const book = makeAlertBook()
        const states = new Map(
          events.slice(0, Math.max(0, cut - lag)).map((one) => [`${one.asset}/${one.rule}`, one]),
        )
        for (const state of states.values()) book.put(state)
        for (const event of events.slice(0, cut)) book.putHistory(event)
        for (const event of events.slice(cut)) book.put(event)
        const shown = [...book.all()].filter(({ state }) => state !== 'closed')
        expect(new Set(shown)).toEqual(new Set(open))
      }),
    )
  })

  it('never opens a closed alert again', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ALERT_STATES), (state) => {
        const book = makeAlertBook()
        book.put(alert({ state: 'closed' }))
        book.put(alert({ state }))
        expect(book.get(alert().alert)?.state).toBe('closed')
      }),
    )
  })

  it('forgets the oldest closed ones at its limit', () => {
    const book = makeAlertBook()
    for (let i = 0; i < BOARD_CLOSED_ALERTS + 10; i++) book.put(alert({ raisedAt: i, state: 'closed' }))
    expect([...book.all()]).toHaveLength(BOARD_CLOSED_ALERTS)
    expect(book.get('pump-01:risk:9')).toBeUndefined()
    expect(book.get('pump-01:risk:10')?.state).toBe('closed')
  })
})
