import { describe, expect, it } from 'vitest'
import { causalVerdicts, SKAB_PUBLISHED, skabResults } from '../../../src/training/studies/skab.ts'

const run = (truth: string, said: string) => ({
  name: 'run',
  truth: Uint8Array.from(truth, Number),
  said: Uint8Array.from(said, Number),
})

describe('SKAB', () => {
  it('is judged row by row over all runs, behind the rows to learn from', () => {
    const runs = [run('110011', '110001'), run('000010', '001010')]
    const found = skabResults(runs, 2)
    expect(found.confusion).toEqual({ truePositive: 2, falsePositive: 1, falseNegative: 1, trueNegative: 4 })
    expect(found).toMatchObject({ rows: 8, f1: 0.666667, falseAlarmRate: 0.2, missedAlarmRate: 0.333333 })
    expect(found.balancedAccuracy).toBeCloseTo((0.8 + 2 / 3) / 2, 6)
  })

  it('tells how long a stretch goes on before it is told', () => {
    const found = skabResults([run('0111011', '0001000'), run('0110', '0110')], 0)
    expect(found).toMatchObject({ anomalies: 3, anomaliesTold: 2, medianDelayRows: 2 })
    expect(skabResults([run('00', '00')], 0)).toMatchObject({ anomalies: 0, medianDelayRows: null })
  })

  it('compares with published rates whose balanced accuracies are those of the literature', () => {
    const balanced = SKAB_PUBLISHED.map(
      ({ falseAlarmRate, missedAlarmRate }) => ((2 - falseAlarmRate - missedAlarmRate) / 2) * 100,
    )
    expect(balanced.map((value) => value.toFixed(1))).toEqual(['79.2', '74.2', '73.1', '72.1', '69.1'])
  })

  it('takes for each row the last verdict that was there', () => {
    const said = [
      { atMs: 20, anomalous: true },
      { atMs: 30, anomalous: true },
      { atMs: 31, anomalous: false },
    ]
    expect([...causalVerdicts([10, 20, 25, 30, 40], said)]).toEqual([0, 1, 1, 1, 0])
    expect([...causalVerdicts([10], [])]).toEqual([0])
  })
})
