import { describe, expect, test } from 'vitest'
import type { PipelineSettings } from '../../src/config/settings.ts'
import { isFailure } from '../../src/core/errors.ts'
import { STATISTICS } from '../../src/core/moments.ts'
import { makePipeline, type PipelineModel } from '../../src/engine/pipeline.ts'
import { assetGroup, LIMITS, pipelineSettings } from '../support/pipeline-settings.ts'
import { smallModel } from '../support/small-net.ts'

const MODEL: PipelineModel = smallModel({ sizeMs: 30_000, hopMs: 30_000 })

const channel = (unit: string | null, min: number | null = null, max: number | null = null) => ({
  unit,
  min,
  max,
})

function refusal(make: () => unknown): unknown {
  try {
    return make()
  } catch (error) {
    return error
  }
}

describe('a pipeline with a model', () => {
  const { rules, featureAt, model } = makePipeline(pipelineSettings({ model: 'small' }), [], LIMITS, MODEL)

  test('keeps the channels of its model and finds its features', () => {
    expect(rules.channels).toEqual(['temperature', 'vibration'])
    const all = ['temperature', 'vibration'].flatMap((name) =>
      STATISTICS.map((statistic) => `${name}.${statistic}`),
    )
    expect([...featureAt].map((at) => all[at])).toEqual(MODEL.features)
  })

  test('names it in its scores', () => {
    expect(rules).toMatchObject({ model: 'small', modelVersion: '1', output: 'failureProbability' })
    expect(model).toBe(MODEL)
  })

  test('of anomalies repeats the score as anomaly', () => {
    const anomaly = makePipeline(pipelineSettings(), [], LIMITS, { ...MODEL, kind: 'anomaly' })
    expect(anomaly.rules.output).toBe('anomaly')
  })
})

describe('a pipeline without a model', () => {
  test('keeps every channel that appears, and scores as normal', () => {
    const { rules } = makePipeline(pipelineSettings(), [], LIMITS, null)
    expect(rules).toMatchObject({ channels: null, model: 'normal', modelVersion: '2', output: 'anomaly' })
  })

  test('keeps the channels of a list of features', () => {
    const features = ['vibration.rms', 'temperature.mean', 'vibration.kurtosis']
    expect(makePipeline(pipelineSettings({ features }), [], LIMITS, null).rules.channels).toEqual([
      'vibration',
      'temperature',
    ])
  })
})

test('it takes the assets of its pattern, with the plausible values of the first group that has them', () => {
  const groups = [
    assetGroup({ match: 'pump-1', channels: { temperature: channel('Cel', 0, 90) } }),
    assetGroup({ match: 'pump-*', channels: { temperature: channel('Cel', -40, 200) } }),
  ]
  const { rules } = makePipeline(pipelineSettings(), groups, LIMITS, null)
  expect([rules.takes('pump-1'), rules.takes('motor-1')]).toEqual([true, false])
  expect(rules.plausible('pump-1')?.('temperature')).toMatchObject({ min: 0, max: 90 })
  expect(rules.plausible('pump-2')?.('temperature')).toMatchObject({ min: -40, max: 200 })
  expect(rules.plausible('pump-2')?.('pressure')).toBeUndefined()
  expect(rules.plausible('pump-2')).toBe(rules.plausible('pump-3'))
  expect(rules.plausible('motor-1')).toBeNull()
})

describe('contradictions stop the start and name both sides', () => {
  const groups = [assetGroup({ channels: { temperature: channel('K') } })]

  test.each<[string, Partial<PipelineSettings>, Partial<PipelineModel>, RegExp]>([
    [
      'window size',
      { window: { ...pipelineSettings().window, sizeMs: 20_000 } },
      {},
      /pipeline pumps: model small@1 was trained on windows of 30000 ms every 30000 ms.*config has windows of 20000 ms.*window.size and hop/,
    ],
    [
      'hop',
      { window: { ...pipelineSettings().window, hopMs: 10_000 } },
      {},
      /every 30000 ms.*every 10000 ms/,
    ],
    [
      'features',
      { features: ['temperature.mean'] },
      {},
      /takes 4 features of its own; leave features at default/,
    ],
    [
      'a feature',
      {},
      { features: ['temperature.median'] },
      /wants feature temperature.median.*does not compute/,
    ],
    ['unit', {}, {}, /trained on temperature in Cel, assets pump-\* have K/],
  ])('%s', (_, settings, model, message) => {
    const error = refusal(() =>
      makePipeline(pipelineSettings(settings), groups, LIMITS, { ...MODEL, ...model }),
    )
    expect(isFailure(error, 'model')).toBe(true)
    expect(String(error)).toMatch(message)
  })

  test('more open windows than the limit allows', () => {
    const window = { sizeMs: 3_600_000, hopMs: 60_000, latenessMs: 300_000, idleMs: 7_200_000 }
    const error = refusal(() => makePipeline(pipelineSettings({ window }), [], LIMITS, null))
    expect(isFailure(error, 'config')).toBe(true)
    expect(String(error)).toMatch(/pipeline pumps: 65 windows.*limits.openWindowsPerAsset is 64/)
  })

  test('units of assets that the pipeline does not take are no contradiction', () => {
    const motors = [assetGroup({ match: 'motor-*', channels: { temperature: channel('K') } })]
    expect(() => makePipeline(pipelineSettings(), motors, LIMITS, MODEL)).not.toThrow()
  })
})

describe('the definition', () => {
  const definition = (settings: Partial<PipelineSettings> = {}, model: PipelineModel | null = null) =>
    makePipeline(pipelineSettings(settings), [], LIMITS, model).definition
  const { window } = pipelineSettings()

  test('is the same for the same', () => {
    expect(definition()).toBe(definition())
    expect(definition()).toMatch(/^[0-9a-f]{16}$/)
  })

  test('changes with what open windows depend on', () => {
    const all = [
      definition(),
      definition({ assets: '*' }),
      definition({ window: { ...window, sizeMs: 60_000 } }),
      definition({ window: { ...window, hopMs: 10_000 } }),
      definition({ window: { ...window, latenessMs: 0 } }),
      definition({ window: { count: 5, hop: 5, latenessMs: 10_000, idleMs: 60_000 } }),
      definition({ window: { count: 5, hop: 5, latenessMs: 10_000, idleMs: 70_000 } }),
      definition({ window: { gapMs: 5, maxMs: 5, latenessMs: 10_000, idleMs: 60_000 } }),
      definition({ features: ['temperature.mean'] }),
      definition({}, MODEL),
      definition({}, { ...MODEL, hash: 'other' }),
    ]
    expect(new Set(all).size).toBe(all.length)
  })

  test('does not change with rules, idle time or name', () => {
    expect(definition({ alerts: [], name: 'other', window: { ...window, idleMs: 99_000 } })).toBe(
      definition(),
    )
  })
})
