import { describe, expect, test } from 'vitest'
import { makePartition, type Step, takeReading } from '../../src/core/partition.ts'
import type { Scorer } from '../../src/core/ports.ts'
import { makePipeline, type PipelineModel } from '../../src/engine/pipeline.ts'
import { scoreWindows } from '../../src/engine/scoring.ts'
import { LIMITS, pipelineSettings } from '../support/pipeline-settings.ts'
import { fieldsOf } from '../support/reading-fields.ts'

/** Notes what it is asked, and answers with the first feature. */
function noting(features: readonly string[]): { calls: number[][]; model: PipelineModel } {
  const calls: number[][] = []
  const scorer: Scorer = {
    score(vectors, rows) {
      calls.push([...vectors])
      return Float64Array.from({ length: rows }, (_, row) => vectors[row * features.length]! / 100)
    },
    dispose() {},
  }
  const model: PipelineModel = {
    name: 'noting',
    version: '1',
    kind: 'failure',
    features,
    window: { sizeMs: 30_000, hopMs: 30_000 },
    units: {},
    hash: 'h',
    scorer,
  }
  return { calls, model }
}

const command = { id: 'c', command: 'acknowledge', asset: 'pump-1', by: 'ann', at: 1 } as const

/** Steps of windows of three pipelines and a command between. */
function stepsOf(pipelines: readonly ReturnType<typeof makePipeline>[]): Step[] {
  const steps: Step[] = []
  const partition = makePartition(
    pipelines.map(({ rules }) => rules),
    LIMITS,
  )
  for (const [i, a] of [10, 20, 30].entries()) {
    takeReading(partition, fieldsOf({ ts: i * 60_000, values: { a, b: i === 1 ? null : -a } }), i, steps)
    if (i === 1) steps.push({ offset: i, command, states: [] })
  }
  return steps
}

test('all windows of a model go through it at once, features in its order, missing ones as NaN', () => {
  const first = noting(['b.mean', 'a.max'])
  const second = noting(['a.mean', 'c.mean'])
  const pipelines = [
    makePipeline(pipelineSettings({ name: 'one' }), [], LIMITS, first.model),
    makePipeline(pipelineSettings({ name: 'two' }), [], LIMITS, second.model),
    makePipeline(pipelineSettings({ name: 'three' }), [], LIMITS, null),
  ]
  const told: number[] = []
  const steps = stepsOf(pipelines)
  const { risks, explanations } = scoreWindows(pipelines, steps, (windows, seconds) => {
    expect(seconds).toBeGreaterThanOrEqual(0)
    told.push(windows)
  })
  expect(first.calls).toEqual([[-10, 10, Number.NaN, 20]])
  expect(second.calls).toEqual([[10, Number.NaN, 20, Number.NaN]])
  expect(told).toEqual([2, 2])
  const byStep = steps.map((step, i) =>
    'window' in step ? [step.window.state.pipeline, risks[i]] : ['command', risks[i]],
  )
  expect(byStep).toEqual([
    [0, -0.1],
    [1, 0.1],
    [2, Number.NaN],
    ['command', Number.NaN],
    [0, Number.NaN],
    [1, 0.2],
    [2, Number.NaN],
  ])
  expect(explanations).toEqual(steps.map(() => null))
})

test('no window, no call', () => {
  const { calls, model } = noting(['a.mean'])
  const pipelines = [makePipeline(pipelineSettings(), [], LIMITS, model)]
  expect(scoreWindows(pipelines, [{ offset: 0, command, states: [] }], () => undefined)).toEqual({
    risks: Float64Array.of(Number.NaN),
    explanations: [null],
  })
  expect(calls).toEqual([])
})

describe('windows that can raise an alert or keep one open', () => {
  /** Tells that each row's last feature is all of it. */
  function telling(asked: number[][]): PipelineModel {
    const { model } = noting(['a.mean', 'a.max'])
    const explain = (vectors: Float64Array, rows: number) => {
      asked.push([...vectors])
      return Float64Array.from({ length: rows * 2 }, (_, i) => i % 2)
    }
    return { ...model, scorer: { ...model.scorer, explain } }
  }

  test('are explained, and no others; from the least clearBelow on', () => {
    const asked: number[][] = []
    const [rule] = pipelineSettings().alerts
    const alerts = [
      { ...rule!, rule: 'high', above: 0.9, clearBelow: 0.8 },
      { ...rule!, rule: 'low', above: 0.5, clearBelow: 0.2 },
    ]
    const pipelines = [
      makePipeline(pipelineSettings({ name: 'deaf' }), [], LIMITS, noting(['a.mean']).model),
      makePipeline(pipelineSettings({ name: 'telling', alerts }), [], LIMITS, telling(asked)),
      makePipeline(pipelineSettings({ name: 'without' }), [], LIMITS, null),
    ]
    const steps = stepsOf(pipelines)
    const { explanations } = scoreWindows(pipelines, steps, () => undefined)
    expect(asked).toEqual([[20, 20]])
    expect(pipelines.map(({ rules }) => rules.explainFrom)).toEqual([undefined, 0.2, 0.6])
    const explained = explanations.flatMap((explanation, i) => (explanation ? [{ explanation, i }] : []))
    expect(explained).toEqual([
      {
        i: steps.findLastIndex((step) => 'window' in step && step.window.state.pipeline === 1),
        explanation: {
          features: [
            { channel: 'a', feature: 'mean' },
            { channel: 'a', feature: 'max' },
          ],
          values: Float64Array.of(20, 20),
          shares: Float64Array.of(0, 1),
        },
      },
    ])
  })

  test('do not exist without rules', () => {
    const asked: number[][] = []
    const pipelines = [makePipeline(pipelineSettings({ alerts: [] }), [], LIMITS, telling(asked))]
    const { explanations } = scoreWindows(pipelines, stepsOf(pipelines), () => undefined)
    expect(explanations.every((explanation) => explanation === null)).toBe(true)
    expect(asked).toEqual([])
  })
})
