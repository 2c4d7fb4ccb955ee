import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inputsOf, prepareRows } from '../../src/model/inputs.ts'
import type { InputStep } from '../../src/model/steps.ts'

const FEATURES = ['torque.mean', 'speed.mean', 'attributes.type']
const TYPES = { feature: 'attributes.type', values: ['H', 'L'] }

const STEPS: readonly InputStep[] = [
  { step: 'derive', features: [{ name: 'power', left: 'torque.mean', by: '*', right: 'speed.mean' }] },
  { step: 'winsorise', low: [0, 0, 0], high: [10, 100, 500] },
  { step: 'scale', mean: [5, 50, 0], std: [5, 50, 100] },
  { step: 'yeo-johnson', lambda: [null, null, 0] },
  { step: 'clip', limit: 1.5 },
  { step: 'impute', value: 0 },
  { step: 'limits', above: [[], [0.5], [-1, 1]] },
  { step: 'one-hot', categories: [TYPES] },
]

function prepared(features: readonly string[], steps: readonly InputStep[], ...rows: number[][]): number[][] {
  const inputs = inputsOf(features, steps)
  const out = new Float32Array(rows.length * inputs.names.length)
  prepareRows(inputs, Float64Array.from(rows.flat()), 0, rows.length, out)
  return rows.map((_, i) => [...out.subarray(i * inputs.names.length, (i + 1) * inputs.names.length)])
}

describe('steps from features to inputs', () => {
  it('are taken in their order, with a name and a source for each input', () => {
    const { names, sources, categories } = inputsOf(FEATURES, STEPS)
    expect(names).toEqual([
      'torque.mean',
      'speed.mean',
      'power',
      'speed.mean > 0.5',
      'power > -1',
      'power > 1',
      'attributes.type=H',
      'attributes.type=L',
    ])
    expect(sources).toEqual([[0], [1], [0, 1], [1], [0, 1], [0, 1], [2], [2]])
    expect(categories).toEqual([TYPES])
    const [row] = prepared(FEATURES, STEPS, [7.5, 90, 1])
    // Power 675 is held at 500, scaled to 5, its logarithm 1.79 held at 1.5.
    expect(row).toEqual([0.5, Math.fround(0.8), 1.5, 1, 1, 1, 0, 1])
  })

  it('set what is missing, and a type that nobody knows, to nothing', () => {
    const rows = prepared(
      FEATURES,
      STEPS,
      [Number.NaN, 50, Number.NaN],
      [Number.POSITIVE_INFINITY, 50, 2],
      [5, 50, -1],
      [5, 50, 0],
    )
    for (const row of rows.slice(0, 2)) expect(row).toEqual([0, 0, 0, 0, 1, 0, 0, 0])
    expect(rows[2]!.slice(6)).toEqual([0, 0])
    expect(rows[3]!.slice(6)).toEqual([1, 0])
  })

  it('give finite numbers for any input', () => {
    fc.assert(
      fc.property(fc.double(), fc.double(), fc.double(), (a, b, c) => {
        const [row] = prepared(FEATURES, STEPS, [a, b, c])
        for (const value of row!) expect(Number.isFinite(value)).toBe(true)
      }),
    )
  })

  it('read rows from the middle, and the same of each row whoever stands beside it', () => {
    const inputs = inputsOf(FEATURES, STEPS)
    const vectors = Float64Array.of(1, 2, 0, 7.5, 90, 1, 3, 4, 0)
    const out = new Float32Array(inputs.names.length)
    prepareRows(inputs, vectors, 1, 1, out)
    expect([...out]).toEqual(prepared(FEATURES, STEPS, [7.5, 90, 1])[0])
  })

  it.each<[string, readonly string[], readonly InputStep[], string]>([
    [
      'a list too short',
      ['a.mean', 'b.mean'],
      [{ step: 'scale', mean: [0], std: [1, 1] }],
      'mean has 1 entries',
    ],
    [
      'no spread',
      ['a.mean'],
      [{ step: 'scale', mean: [0], std: [0] }],
      'std of a.mean is 0, must be above 0',
    ],
    ['a type without code', FEATURES, [], 'nothing codes attributes.type; a step one-hot is needed'],
    [
      'a type in the middle',
      ['attributes.type', 'a.mean'],
      [],
      'attributes must stand behind all other features',
    ],
    [
      'one-hot before the end',
      FEATURES,
      [
        { step: 'one-hot', categories: [TYPES] },
        { step: 'impute', value: 0 },
      ],
      'one-hot must be the last step',
    ],
    [
      'another type',
      FEATURES,
      [{ step: 'one-hot', categories: [{ ...TYPES, feature: 'attributes.site' }] }],
      'categories are attributes.site, the features are attributes.type',
    ],
    [
      'derivation of nothing',
      ['a.mean'],
      [{ step: 'derive', features: [{ name: 'x', left: 'a.mean', by: '+', right: 'b.mean' }] }],
      'x needs b.mean, which is no feature',
    ],
    [
      'derivation too late',
      ['a.mean'],
      [
        { step: 'limits', above: [[1]] },
        { step: 'derive', features: [{ name: 'x', left: 'a.mean', by: '+', right: 'a.mean' }] },
      ],
      'must be the first step',
    ],
  ])('with %s are refused by name', (_, features, steps, message) => {
    expect(() => inputsOf(features, steps)).toThrow(message)
  })
})
