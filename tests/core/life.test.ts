import { describe, expect, test } from 'vitest'
import { endAlert } from '../../src/core/alert.ts'
import { forgetSilent, takeCommand } from '../../src/core/life.ts'
import { makePartition, type Partition, type Step, takeReading, takeTick } from '../../src/core/partition.ts'
import type { Alert, Command } from '../../src/core/records.ts'
import { pipelineRules, ROOMY } from '../support/pipeline-rules.ts'
import { fieldsOf } from '../support/reading-fields.ts'

const T = 1_700_000_000_000
const FORGET_MS = 60_000
const retirement: Command = {
  id: 'c',
  command: 'retire',
  asset: 'pump-1',
  by: 'ann',
  comment: 'sold',
  at: T + 5000,
}

function partitionOf(): Partition {
  return makePartition([pipelineRules({})], { ...ROOMY, forgetAfterMs: FORGET_MS })
}

function take(partition: Partition, ts: number, asset = 'pump-1', steps: Step[] = []) {
  const taken = takeReading(partition, fieldsOf({ asset, ts, values: { a: 1 } }), 0, steps)
  return typeof taken === 'string' ? taken : taken.results[0]
}

function tick(partition: Partition, elapsed: number): Step[] {
  const steps: Step[] = []
  takeTick(partition, { ts: T + elapsed, elapsed }, 1, steps)
  forgetSilent(partition, 1, steps)
  return steps
}

const kinds = (steps: readonly Step[]) =>
  steps.map((step) => ('window' in step ? step.window.closed : 'ending' in step ? step.ending : 'command'))

/** As if the rule had raised an alert. */
function raise(partition: Partition): void {
  const slot = partition.assets.get('pump-1')![0]!.alerts[0]!
  const open: Alert = {
    alert: `pump-1:risk:${T}`,
    asset: 'pump-1',
    pipeline: 'pumps',
    rule: 'risk',
    state: 'active',
    severity: 'high',
    score: 0.9,
    raisedAt: T,
    updatedAt: T,
    windowEnd: T,
    reasons: [],
  }
  Object.assign(slot, { open, transitions: 1, raisedAt: T })
}

describe('an asset that is silent for assets.forgetAfter', () => {
  test('is forgotten by ticks, with its alerts; the room is free for another', () => {
    const partition = makePartition([pipelineRules({})], { ...ROOMY, assets: 1, forgetAfterMs: FORGET_MS })
    take(partition, T)
    raise(partition)
    expect(kinds(tick(partition, FORGET_MS - 1))).toEqual(['idle'])
    expect(take(partition, T, 'pump-2')).toBe('full')
    const steps = tick(partition, 1)
    expect(kinds(steps)).toEqual([{ at: T + FORGET_MS - 1, because: 'forgotten' }])
    expect(partition.assets.size).toBe(0)
    expect(partition.tallies.get('asset/forgotten')).toBe(1)
    expect(take(partition, T, 'pump-2')).toBe('windowed')
  })

  test('is not forgotten by an outage of ours, nor while it speaks, late or not', () => {
    const partition = partitionOf()
    take(partition, T)
    const steps: Step[] = []
    takeTick(partition, { ts: T + 10 * FORGET_MS, elapsed: 0 }, 1, steps)
    forgetSilent(partition, 1, steps)
    expect(steps).toEqual([])
    tick(partition, FORGET_MS - 1)
    expect(take(partition, T)).toBe('late')
    expect(kinds(tick(partition, FORGET_MS - 1))).toEqual([])
    expect(partition.assets.size).toBe(1)
  })
})

describe('an asset that is retired', () => {
  test('closes its windows, then ends its alerts; who and why is told', () => {
    const partition = partitionOf()
    take(partition, T)
    raise(partition)
    const steps: Step[] = []
    takeCommand(partition, retirement, 2, steps)
    const ending = { at: T + 5000, because: 'retired', by: 'ann', comment: 'sold' }
    expect(kinds(steps)).toEqual(['end', ending])
    const last = steps.at(-1)!
    const change = 'ending' in last ? endAlert(last.slots[0]!, last.ending) : null
    expect(change?.event).toMatchObject({
      id: `pump-1:risk:${T}:2`,
      type: 'forewarn.alert.closed',
      time: new Date(T + 5000).toISOString(),
      data: { state: 'closed', closedBecause: 'retired', by: 'ann', comment: 'sold', updatedAt: T + 5000 },
    })
    expect(partition.assets.get('pump-1')![0]).toMatchObject({ retired: true, windows: [] })
    expect(partition.tallies.get('command/done')).toBe(1)
  })

  test('opens no window a second time, and comes back with what it sends next', () => {
    const partition = partitionOf()
    take(partition, T)
    take(partition, T + 30_000)
    takeCommand(partition, retirement, 2, [])
    expect(take(partition, T + 1)).toBe('late')
    expect(partition.assets.get('pump-1')![0]!.retired).toBe(true)
    expect(take(partition, T + 60_000)).toBe('windowed')
    expect(partition.assets.get('pump-1')![0]!.retired).toBe(false)
  })

  test('is retired once; an unknown one is not', () => {
    const partition = partitionOf()
    take(partition, T)
    const steps: Step[] = []
    for (const asset of ['pump-1', 'pump-1', 'fan-1'])
      takeCommand(partition, { ...retirement, asset }, 2, steps)
    expect(kinds(steps)).toHaveLength(2)
    expect(partition.tallies.get('command/without-effect')).toBe(2)
  })

  test('is forgotten in the end', () => {
    const partition = partitionOf()
    take(partition, T)
    takeCommand(partition, retirement, 2, [])
    tick(partition, FORGET_MS)
    expect(partition.assets.size).toBe(0)
  })
})

test('an alert that is not open can not end', () => {
  const partition = partitionOf()
  take(partition, T)
  const [slot] = partition.assets.get('pump-1')![0]!.alerts
  expect(endAlert(slot!, { at: T, because: 'removed' })).toBeNull()
})
