import { Compile } from 'typebox/compile'
import { describe, expect, test } from 'vitest'
import { type Explanation, explainedFeatures } from '../../src/core/contributions.ts'
import { NORMAL_LEARNED } from '../../src/core/normal.ts'
import type { ClosedWindow } from '../../src/core/open-window.ts'
import { makePartition, type PipelineRules, type Step, takeReading } from '../../src/core/partition.ts'
import { Score } from '../../src/core/records.ts'
import { settleWindow } from '../../src/core/settle.ts'
import { pipelineRules, ROOMY } from '../support/pipeline-rules.ts'
import { fieldsOf } from '../support/reading-fields.ts'

const isScore = Compile(Score)

/** Windows of pump-1 in a row, each with two readings around the given level. */
function windowsOf(rules: PipelineRules, levels: readonly number[]): ClosedWindow[] {
  const steps: Step[] = []
  const partition = makePartition([rules], ROOMY)
  levels.concat(0, 0).forEach((level, i) => {
    for (const [offset, ts] of [0, 4000].entries()) {
      const values = { temperature: level + offset }
      takeReading(partition, fieldsOf({ ts: i * 10_000 + ts, values }), i, steps)
    }
  })
  return steps.flatMap((step) => ('window' in step ? [step.window] : [])).slice(0, levels.length)
}

describe('with a model', () => {
  const rules = pipelineRules({ output: 'failureProbability', model: 'pump-health', modelVersion: '3' })

  test("the score is the model's, rounded, under its own name too", () => {
    const [window] = windowsOf(rules, [50])
    const { score } = settleWindow(rules, window!, 0.12345678)
    expect(score).toEqual({
      asset: 'pump-1',
      pipeline: 'pumps',
      windowStart: 0,
      windowEnd: 10_000,
      count: 2,
      score: 0.123457,
      failureProbability: 0.123457,
      model: 'pump-health',
      modelVersion: '3',
      closed: 'watermark',
    })
    expect(isScore.Check(score)).toBe(true)
  })

  test('rules see the rounded score', () => {
    const [window] = windowsOf(rules, [50])
    expect(settleWindow(rules, window!, 0.8000004).changes).toEqual([])
  })

  test('an alert says which channel moved against what quiet windows taught', () => {
    const windows = windowsOf(rules, [...Array.from({ length: NORMAL_LEARNED }, () => 50), 90])
    const settled = windows.map((window, i) => settleWindow(rules, window, i < NORMAL_LEARNED ? 0.1 : 0.95))
    expect(settled.at(-1)!.changes[0]).toMatchObject({
      transition: 'raised',
      alert: { reasons: [{ channel: 'temperature', feature: 'mean', value: 90.5, normal: 50.5, share: 1 }] },
    })
  })

  describe('that tells why', () => {
    const telling = { ...rules, explainFrom: 0.6 }
    const why = (share: number): Explanation => ({
      features: explainedFeatures(['temperature.mean', 'temperature.std', 'flow.mean']),
      values: Float64Array.of(90.5, 0.5, 12),
      shares: Float64Array.of(share, -0.1, 1.1 - share),
    })

    test('its contributions stand in the score, its channels in the reasons', () => {
      const [window] = windowsOf(telling, [90])
      const { score, changes } = settleWindow(telling, window!, 0.95, why(0.8))
      expect(score.contributions).toEqual([
        { channel: 'temperature', feature: 'mean', share: 0.8 },
        { channel: 'flow', feature: 'mean', share: 0.3 },
        { channel: 'temperature', feature: 'std', share: -0.1 },
      ])
      expect(isScore.Check(score)).toBe(true)
      expect(changes[0]!.alert.reasons).toEqual([
        { channel: 'temperature', feature: 'mean', value: 90.5, normal: null, share: 0.7 },
        { channel: 'flow', feature: 'mean', value: 12, normal: null, share: 0.3 },
      ])
    })

    test('an open alert has news when another channel leads, not when its window needs no explanation', () => {
      const off = { ...telling.alerts[0]!, offDelay: { windows: 2 } }
      const patient = { ...telling, alerts: [off] }
      const windows = windowsOf(patient, [90, 90, 50, 90, 50, 50])
      const told = [why(0.8), why(0.2), null, why(0.2), null, null]
      const transitions = [0.95, 0.9, 0.1, 0.9, 0.1, 0.1].map((risk, i) =>
        settleWindow(patient, windows[i]!, risk, told[i]).changes.map(({ transition }) => transition),
      )
      expect(transitions).toEqual([['raised'], ['updated'], [], [], [], ['cleared']])
    })

    test('what it can not share out is told by what moved against the normal', () => {
      const [window] = windowsOf(telling, [90])
      const nothing = { ...why(0), shares: new Float64Array(3) }
      const { score, changes } = settleWindow(telling, window!, 0.95, nothing)
      expect(score.contributions).toEqual([])
      expect(changes[0]!.alert.reasons).toMatchObject([{ channel: 'temperature', value: 90.5 }])
    })
  })

  test('windows under suspicion or an open alert teach nothing', () => {
    const windows = windowsOf(rules, [50, 70, 90, 90, 50])
    const { normal } = windows[0]!.state
    const known = [0.1, 0.6, 0.9, 0.7, 0.1].map((risk, i) => {
      settleWindow(rules, windows[i]!, risk)
      return normal.cells[0]
    })
    // The last one clears the alert, so it is quiet again.
    expect(known).toEqual([1, 1, 1, 1, 2])
  })
})

describe('without a model', () => {
  const rules = pipelineRules()

  test('the score is 0 while the normal is being learned, and says so', () => {
    const windows = windowsOf(rules, [...Array.from({ length: NORMAL_LEARNED }, () => 50), 50, 90, 90])
    const scores = windows.map((window) => settleWindow(rules, window, null).score)
    expect(scores.slice(0, NORMAL_LEARNED).every(({ score, learning }) => score === 0 && learning)).toBe(true)
    expect(scores.at(-3)).toMatchObject({ score: expect.closeTo(0, 1) })
    expect(scores.at(-3)).not.toHaveProperty('learning')
    expect(scores.at(-1)!.anomaly).toBeGreaterThan(0.99)
    expect(scores.every((score) => isScore.Check(score))).toBe(true)
  })

  test('a window that closed before a channel came is settled after it without harm', () => {
    const partition = makePartition([rules], ROOMY)
    const steps: Step[] = []
    takeReading(partition, fieldsOf({ ts: 0, values: { a: 1 } }), 0, steps)
    takeReading(partition, fieldsOf({ ts: 20_000, values: { a: 1, b: 1 } }), 1, steps)
    const [step] = steps
    if (step === undefined || !('window' in step)) throw new Error('no window closed')
    expect(settleWindow(rules, step.window, null).score.score).toBe(0)
    expect([...step.window.state.normal.cells].every(Number.isFinite)).toBe(true)
  })
})
