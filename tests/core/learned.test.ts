import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRandom, type Random } from '../../simulators/random.ts'
import {
  makePartition,
  type Partition,
  type PipelineRules,
  type Step,
  takeReading,
} from '../../src/core/partition.ts'
import type { Score } from '../../src/core/records.ts'
import { type Settled, settleWindow } from '../../src/core/settle.ts'
import { decodeState, encodeState } from '../../src/core/state.ts'
import { pipelineRules, ROOMY } from '../support/pipeline-rules.ts'
import { fieldsOf } from '../support/reading-fields.ts'

const LEARN = 40
const RULES = pipelineRules({ learn: { windows: LEARN, overlap: 1, follow: true } })
const WINDOW_MS = 10_000

type Values = Record<string, number | null>

/** Load drives current and, by its square, vibration; noise on both. */
function machine(random: Random, window: number): (fault?: number) => Values {
  const load = 1 + 0.3 * Math.sin(window / 7)
  return (fault = 0) => ({
    current: 10 * load + 0.1 * random.normal(),
    vibration: load * load + fault + 0.05 * random.normal(),
    temperature: 40 + 5 * load + 0.2 * random.normal(),
  })
}

/** Feeds windows of three readings and settles what closes, one window at a time. */
function createBench(rules: PipelineRules = RULES) {
  let partition = makePartition([rules], ROOMY)
  let offset = 0
  const settled: Settled[] = []
  function feed(asset: string, window: number, read: () => Values): void {
    const steps: Step[] = []
    for (let i = 0; i < 3; i++) {
      const ts = window * WINDOW_MS + i * 3000
      takeReading(partition, fieldsOf({ asset, ts, values: read() }), offset++, steps)
    }
    for (const step of steps) if ('window' in step) settled.push(settleWindow(rules, step.window, null))
  }
  return {
    feed,
    settled,
    scores: (): readonly Score[] => settled.map(({ score }) => score),
    raised: () =>
      settled.flatMap(({ changes }) => changes.filter(({ transition }) => transition === 'raised')),
    partition: (): Partition => partition,
    /** Through bytes into a new partition. */
    restart() {
      const bytes = encodeState(partition, offset, ['d'], 0).records
      partition = makePartition([rules], ROOMY)
      decodeState(partition, new Map(bytes.flatMap(({ key, value }) => (value ? [[key, value]] : []))), ['d'])
    },
  }
}

function healthy(windows: number, seed = 1, rules = RULES) {
  const bench = createBench(rules)
  const random = createRandom(seed, 'machine')
  for (let window = 0; window < windows; window++) bench.feed('pump-1', window, machine(random, window))
  return { bench, random }
}

describe('an asset without a model', () => {
  test('is learned first, says how far that is, and is judged afterwards', () => {
    const { bench } = healthy(LEARN + 41)
    const scores = bench.scores()
    expect(scores[0]).toMatchObject({ score: 0, learning: true, learned: 0 })
    expect(scores[LEARN / 2]).toMatchObject({ score: 0, learning: true, learned: 0.5 })
    expect(scores.slice(LEARN).every(({ learning }) => learning === undefined)).toBe(true)
    expect(bench.raised()).toEqual([])
  })

  test('a fault is found, explained by the channel that moved, and its shares add up to 1', () => {
    const { bench, random } = healthy(100)
    for (let window = 100; window < 106; window++) {
      const read = machine(random, window)
      bench.feed('pump-1', window, () => read(1.5))
    }
    const [alert] = bench.raised()
    expect(alert!.alert.reasons[0]).toMatchObject({ channel: 'vibration', feature: 'mean' })
    const { value, normal, share } = alert!.alert.reasons[0]!
    expect(value - normal!).toBeGreaterThan(1)
    expect(share).toBeGreaterThan(0.5)
    const shares = bench.scores().at(-1)!.contributions!
    expect(shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 3)
  })

  test('a relation that breaks is found though each channel stays within what it has shown', () => {
    const { bench, random } = healthy(200)
    for (let window = 200; window < 206; window++) {
      const low = machine(random, 33)
      const high = machine(random, 11)
      bench.feed('pump-1', window, () => ({ ...low(), current: high().current ?? null }))
    }
    expect(bench.raised()).toHaveLength(1)
  })

  test('a standstill is no alert, and says so', () => {
    const { bench, random } = healthy(100)
    const still = () => ({ current: 0.01 * random.normal(), vibration: 0.01, temperature: 30 })
    for (let window = 100; window < 110; window++) bench.feed('pump-1', window, still)
    for (let window = 110; window < 150; window++) bench.feed('pump-1', window, machine(random, window))
    expect(bench.raised()).toEqual([])
    expect(bench.scores()[104]).toMatchObject({ score: 0, resting: true })
    expect(bench.scores().at(-1)).not.toHaveProperty('resting')
  })

  test('a channel that comes later begins the learning period anew', () => {
    const { bench, random } = healthy(60)
    for (let window = 60; window < 64; window++) {
      const read = machine(random, window)
      bench.feed('pump-1', window, () => ({ ...read(), pressure: 3 + 0.1 * random.normal() }))
    }
    expect(bench.scores()[58]).not.toHaveProperty('learning')
    expect(bench.scores().at(-1)).toMatchObject({ learning: true, score: 0 })
  })
})

describe('what may not teach does not', () => {
  const windowsLearned = (bench: ReturnType<typeof createBench>) =>
    bench.partition().assets.get('pump-1')![0]!.baseline!.windows

  test('windows without values, and values outside the plausible range', () => {
    const plausible = () => ({ min: -50, max: 150 })
    const rules = pipelineRules({ learn: RULES.learn, plausible: () => plausible })
    const { bench } = healthy(30, 1, rules)
    const before = structuredClone(bench.partition().assets.get('pump-1')![0]!.baseline)
    for (let window = 30; window < 40; window++) {
      const broken = window % 2 === 0 ? null : 1e6
      bench.feed('pump-1', window, () => ({ current: broken, vibration: broken, temperature: broken }))
    }
    const after = bench.partition().assets.get('pump-1')![0]!.baseline!
    // One healthy window was still open.
    expect(after.windows).toBe(before!.windows + 1)
  })

  test('windows of an open alert', () => {
    const { bench, random } = healthy(100)
    for (let window = 100; window < 104; window++) {
      const read = machine(random, window)
      bench.feed('pump-1', window, () => read(3))
    }
    const learned = windowsLearned(bench)
    expect(bench.raised()).toHaveLength(1)
    for (let window = 104; window < 140; window++) {
      const read = machine(random, window)
      bench.feed('pump-1', window, () => read(3))
    }
    expect(windowsLearned(bench)).toBe(learned)
  })
})

test('a machine is no news where its sisters have been', () => {
  const run = (sisters: boolean) => {
    const bench = createBench()
    const random = createRandom(5, 'fleet')
    const at = (load: number) => () => ({
      current: 10 * load + 0.1 * random.normal(),
      vibration: load * load + 0.05 * random.normal(),
    })
    for (let window = 0; window < 120; window++) {
      bench.feed('pump-1', window, at(1 + 0.05 * Math.sin(window)))
      // The sister has run at high load too.
      if (sisters) bench.feed('pump-2', window, at(window % 8 < 4 ? 1 : 1.5))
    }
    for (let window = 120; window < 130; window++) bench.feed('pump-1', window, at(1.5))
    return bench.raised().filter(({ alert }) => alert.asset === 'pump-1').length
  }
  expect(run(false)).toBe(1)
  expect(run(true)).toBe(0)
})

test('a restart at any time changes nothing, whatever the machines do', () => {
  const kind = fc.constantFrom('healthy', 'fault', 'still', 'gap')
  const story = fc.array(fc.record({ kind, windows: fc.integer({ min: 1, max: 12 }) }), { maxLength: 8 })
  fc.assert(
    fc.property(
      story,
      fc.array(fc.nat({ max: 160 }), { maxLength: 4 }),
      fc.nat(1000),
      (acts, restarts, seed) => {
        const play = (stops: readonly number[]) => {
          const bench = createBench(pipelineRules({ learn: { windows: 20, overlap: 1, follow: true } }))
          const random = createRandom(seed, 'story')
          const all = [{ kind: 'healthy', windows: 30 }, ...acts].flatMap((act) =>
            Array(act.windows).fill(act.kind),
          )
          all.forEach((what: string, window) => {
            for (const asset of ['pump-1', 'pump-2', 'pump-3']) {
              const read = machine(random, window)
              if (what === 'gap') continue
              bench.feed(asset, window, () => {
                const values = read(what === 'fault' && asset === 'pump-1' ? 4 : 0)
                return what === 'still' ? { current: 0, vibration: 0, temperature: null } : values
              })
            }
            if (stops.includes(window)) bench.restart()
          })
          return { settled: bench.settled, state: encodeState(bench.partition(), 0, ['d'], 0) }
        }
        expect(play(restarts)).toEqual(play([]))
      },
    ),
    { numRuns: 15 },
  )
})
