import { describe, expect, it } from 'vitest'
import { parseDerived } from '../../src/training/derived.ts'

const FEATURES = ['torque.mean', 'speed.mean', 'air-in.mean']

describe('derived features of a config', () => {
  it('are two features and an operator between blanks', () => {
    const given = { power: 'torque.mean * speed.mean', rise: ' torque.mean - air-in.mean ' }
    expect(parseDerived(given, FEATURES, 'pipelines.mill')).toEqual([
      { name: 'power', left: 'torque.mean', by: '*', right: 'speed.mean' },
      { name: 'rise', left: 'torque.mean', by: '-', right: 'air-in.mean' },
    ])
  })

  it.each([
    ['torque.mean*speed.mean', 'is not two features with'],
    ['torque.mean ^ speed.mean', 'is not two features with'],
    ['torque.mean * wear.mean', 'wear.mean is no feature; there are torque.mean, speed.mean'],
  ])('such as %s are refused by name', (text, message) => {
    expect(() => parseDerived({ power: text }, FEATURES, 'pipelines.mill')).toThrow(
      `pipelines.mill.derived.power: `,
    )
    expect(() => parseDerived({ power: text }, FEATURES, 'pipelines.mill')).toThrow(message)
  })
})
