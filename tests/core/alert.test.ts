import { CloudEvent } from 'cloudevents'
import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { describe, expect, test } from 'vitest'
import {
  type AlertChange,
  type AlertRule,
  type AlertSlot,
  acknowledge,
  type Delay,
  judge,
  makeAlertSlots,
} from '../../src/core/alert.ts'
import { AlertEvent, type Command, type Reason } from '../../src/core/records.ts'

const isAlertEvent = Compile(AlertEvent)

const RULE: AlertRule = {
  rule: 'risk',
  above: 0.8,
  clearBelow: 0.6,
  onDelay: { windows: 1 },
  offDelay: { windows: 1 },
  severity: 'high',
}

function reason(channel: string): Reason {
  return { channel, feature: 'mean', value: 9, normal: 5, share: 1 }
}

function scored(score: number, windowEnd: number, leading: string | null = 'temperature') {
  const reasons = () => (leading === null ? [] : [reason(leading)])
  return { asset: 'pump-1', pipeline: 'pumps', windowEnd, score, reasons }
}

function asking(alert: string | undefined, at: number): Command {
  const command = { id: 'c-1', command: 'acknowledge' as const, asset: 'pump-1', by: 'ann', at }
  return alert === undefined ? command : { ...command, alert }
}

/** Judges scores, a window each, ten seconds apart. */
function run(rule: AlertRule, scores: readonly number[]): string[] {
  const [slot] = makeAlertSlots(1)
  return scores.map((score, i) => judge(rule, slot!, scored(score, (i + 1) * 10_000))?.transition ?? '-')
}

describe('raising and clearing', () => {
  test('above means above, below means below', () => {
    expect(run(RULE, [0.8, 0.800001, 0.6, 0.599999])).toEqual(['-', 'raised', '-', 'cleared'])
  })

  test('between the two limits nothing happens, open or not', () => {
    expect(run(RULE, [0.7, 0.9, 0.7, 0.61, 0.79, 0.5, 0.7])).toEqual([
      '-',
      'raised',
      '-',
      '-',
      '-',
      'cleared',
      '-',
    ])
  })

  test('an on-delay in windows counts windows in a row', () => {
    const rule = { ...RULE, onDelay: { windows: 3 } }
    expect(run(rule, [0.9, 0.9, 0.5, 0.9, 0.9, 0.9])).toEqual(['-', '-', '-', '-', '-', 'raised'])
  })

  test('an on-delay in time counts from the end of the first window', () => {
    const rule = { ...RULE, onDelay: { ms: 20_000 } }
    expect(run(rule, [0.9, 0.9, 0.9, 0.9])).toEqual(['-', '-', 'raised', '-'])
    expect(run(rule, [0.9, 0.9, 0.5, 0.9, 0.9, 0.9])).toEqual(['-', '-', '-', '-', '-', 'raised'])
  })

  test('off-delays are the same on the way back', () => {
    const windows = { ...RULE, offDelay: { windows: 2 } }
    expect(run(windows, [0.9, 0.1, 0.7, 0.1, 0.1])).toEqual(['raised', '-', '-', '-', 'cleared'])
    const ms = { ...RULE, offDelay: { ms: 10_000 } }
    expect(run(ms, [0.9, 0.1, 0.1])).toEqual(['raised', '-', 'cleared'])
  })

  test('a score that flutters across the limit 100 times is one alert', () => {
    const scores = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 0.9 : 0.7))
    expect(run(RULE, scores).filter((transition) => transition !== '-')).toEqual(['raised'])
  })

  test('the run before an alert does not count for the one after it', () => {
    const rule = { ...RULE, onDelay: { windows: 2 } }
    expect(run(rule, [0.9, 0.9, 0.1, 0.9, 0.9])).toEqual(['-', 'raised', 'cleared', '-', 'raised'])
  })
})

describe('what people hear of an open alert', () => {
  function raised(leading: string | null): AlertSlot {
    const [slot] = makeAlertSlots(1)
    judge(RULE, slot!, scored(0.9, 10_000, leading))
    return slot!
  }

  test('another leading channel is an update with the new reasons', () => {
    const change = judge(RULE, raised('temperature'), scored(0.95, 20_000, 'vibration'))
    expect(change).toMatchObject({
      transition: 'updated',
      event: { id: 'pump-1:risk:10000:2', type: 'forewarn.alert.updated', time: '1970-01-01T00:00:20.000Z' },
      alert: {
        score: 0.95,
        raisedAt: 10_000,
        updatedAt: 20_000,
        windowEnd: 20_000,
        reasons: [reason('vibration')],
      },
    })
  })

  test('another score alone is none', () => {
    expect(judge(RULE, raised('temperature'), scored(0.99, 20_000))).toBeNull()
  })

  test('a window without values is none', () => {
    expect(judge(RULE, raised('temperature'), scored(0.9, 20_000, null))).toBeNull()
  })
})

describe('acknowledging', () => {
  test('says who and why, keeps the alert open, and clears as it would have', () => {
    const slots = makeAlertSlots(1)
    judge(RULE, slots[0]!, scored(0.9, 10_000))
    const change = acknowledge(slots, { ...asking('pump-1:risk:10000', 11_000), comment: 'on my way' })
    expect(change).toMatchObject({
      transition: 'acknowledged',
      event: { id: 'pump-1:risk:10000:2', time: '1970-01-01T00:00:11.000Z' },
      alert: { state: 'acknowledged', by: 'ann', comment: 'on my way', updatedAt: 11_000 },
    })
    expect(judge(RULE, slots[0]!, scored(0.1, 20_000))).toMatchObject({
      transition: 'cleared',
      alert: { state: 'closed', by: 'ann', comment: 'on my way' },
    })
  })

  test('twice changes nothing', () => {
    const slots = makeAlertSlots(1)
    judge(RULE, slots[0]!, scored(0.9, 10_000))
    acknowledge(slots, asking('pump-1:risk:10000', 11_000))
    expect(acknowledge(slots, asking('pump-1:risk:10000', 12_000))).toBeNull()
    expect(slots[0]!.transitions).toBe(2)
  })

  test.each(['pump-1:risk:9999', 'pump-2:risk:10000', '', undefined])(
    'of %j, which is not open, does nothing',
    (alert) => {
      const slots = makeAlertSlots(2)
      judge(RULE, slots[0]!, scored(0.9, 10_000))
      expect(acknowledge(slots, asking(alert, 11_000))).toBeNull()
      expect(slots[0]!.open!.state).toBe('active')
    },
  )
})

const delay: fc.Arbitrary<Delay> = fc.oneof(
  fc.record({ windows: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ ms: fc.integer({ min: 0, max: 40 }) }),
)
const anyRule: fc.Arbitrary<AlertRule> = fc
  .record({ limits: fc.tuple(fc.nat(10), fc.nat(10)), onDelay: delay, offDelay: delay })
  .map(({ limits, ...delays }) => ({
    ...RULE,
    ...delays,
    above: Math.max(...limits) / 10,
    clearBelow: Math.min(...limits) / 10,
  }))
type Move =
  | { readonly tenths: number; readonly gapMs: number; readonly leading: string | null }
  | { readonly acknowledge: 'open' | 'last closed' | 'made up' }

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      tenths: fc.nat(10),
      gapMs: fc.integer({ min: 1, max: 30 }),
      leading: fc.constantFrom('a', 'a', 'b', null),
    }),
  },
  { weight: 1, arbitrary: fc.record({ acknowledge: fc.constantFrom('open', 'last closed', 'made up') }) },
)

type Seen = { readonly score: number; readonly end: number }

/** True when the newest windows hold the condition in a row for as long as the delay says. */
function holdsLongEnough(since: readonly Seen[], holds: (score: number) => boolean, wanted: Delay): boolean {
  const broken = since.findLastIndex(({ score }) => !holds(score))
  const row = since.slice(broken + 1)
  if (row.length === 0) return false
  return 'windows' in wanted ? row.length >= wanted.windows : row.at(-1)!.end - row[0]!.end >= wanted.ms
}

/** Plays moves on one rule and checks each against what all windows since the last change say. */
function play(rule: AlertRule, moves: readonly Move[]): AlertChange[] {
  const slots = makeAlertSlots(1)
  const changes: AlertChange[] = []
  let windows: Seen[] = []
  let end = 0
  let closedId = 'none'
  for (const one of moves) {
    const { open } = slots[0]!
    if ('acknowledge' in one) {
      const ids = { open: open?.alert, 'last closed': closedId, 'made up': 'x:y:1' }
      const change = acknowledge(slots, asking(ids[one.acknowledge], end + 1))
      expect(change !== null).toBe(one.acknowledge === 'open' && open?.state === 'active')
      if (change) changes.push(change)
      continue
    }
    end += one.gapMs
    windows.push({ score: one.tenths / 10, end })
    const change = judge(rule, slots[0]!, scored(one.tenths / 10, end, one.leading))
    const due = open
      ? holdsLongEnough(windows, (score) => score < rule.clearBelow, rule.offDelay)
      : holdsLongEnough(windows, (score) => score > rule.above, rule.onDelay)
    if (due) {
      expect(change?.transition).toBe(open ? 'cleared' : 'raised')
      if (open) closedId = open.alert
      windows = []
    } else {
      const moved = open && one.leading !== null && one.leading !== open.reasons[0]?.channel
      expect(change?.transition).toBe(moved ? 'updated' : undefined)
    }
    if (change) changes.push(change)
  }
  return changes
}

describe('laws, for any rule and any run of scores and commands', () => {
  test('one alert at a time, ids that never repeat, events numbered one by one', () => {
    fc.assert(
      fc.property(anyRule, fc.array(move, { maxLength: 60 }), (rule, moves) => {
        const ids = new Set<string>()
        let current: string | null = null
        let transitions = 0
        for (const { transition, alert, event } of play(rule, moves)) {
          if (transition === 'raised') {
            expect(current).toBeNull()
            expect(ids.has(alert.alert)).toBe(false)
            ids.add(alert.alert)
            current = alert.alert
            transitions = 0
          }
          expect(alert.alert).toBe(current)
          expect(event.id).toBe(`${current}:${++transitions}`)
          expect(event.data).toBe(alert)
          if (transition === 'cleared') current = null
          expect(alert.state === 'closed').toBe(transition === 'cleared')
        }
      }),
      { numRuns: 500 },
    )
  })

  test('every event is a CloudEvent 1.0 and keeps our schema', () => {
    fc.assert(
      fc.property(anyRule, fc.array(move, { maxLength: 30 }), (rule, moves) => {
        for (const { event } of play(rule, moves)) {
          const sent: unknown = JSON.parse(JSON.stringify(event))
          expect(isAlertEvent.Check(sent), JSON.stringify([...isAlertEvent.Errors(sent)])).toBe(true)
          const cloud = new CloudEvent(isAlertEvent.Parse(sent))
          expect(cloud.validate()).toBe(true)
          expect(cloud.toJSON()).toEqual(sent)
        }
      }),
      { numRuns: 200 },
    )
  })
})
