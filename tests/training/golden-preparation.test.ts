/** Scalers, encoders, transforms, folds and calibration beside scikit-learn's, by `golden/preparation.py`. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { categoryCode } from '../../src/core/category.ts'
import { calibrator } from '../../src/model/calibration.ts'
import { inputsOf } from '../../src/model/inputs.ts'
import type { InputStep } from '../../src/model/steps.ts'
import { yeoJohnson } from '../../src/model/yeo-johnson.ts'
import { fitIsotonic, fitPlatt } from '../../src/training/calibrate.ts'
import { meanAndStd, present, skewness } from '../../src/training/column.ts'
import { groupFolds, stratifiedFolds } from '../../src/training/folds.ts'
import { fitLimits } from '../../src/training/limits.ts'
import { fitPower } from '../../src/training/power.ts'
import { OUTLIERS } from '../../src/training/prepare.ts'
import { quantile } from '../../src/training/reliability.ts'

interface Golden {
  readonly scaling: { rows: (number | null)[][]; mean: number[]; std: number[]; out: number[][] }
  readonly outliers: { values: number[]; low: number; high: number; out: number[] }
  readonly powers: { values: number[]; skewness: number; lambda: number; out: number[] }[]
  readonly givenPowers: { lambda: number; values: number[]; out: number[] }[]
  readonly categories: { values: string[]; asked: string[]; out: number[][] }
  readonly folds: { folds: number; counts: [number, number][]; group: number[]; stratified: number[] }[]
  readonly calibrations: {
    scores: number[]
    positive: number[]
    slope: number
    offset: number
    grid: number[]
    isotonic: number[]
  }[]
  readonly limits: { values: number[]; positive: number[]; most: number; limits: number[] }[]
}

const golden: Golden = JSON.parse(readFileSync(new URL('golden/preparation.json', import.meta.url), 'utf8'))

/** Agreement that is asked for. */
const EXACT = 1e-9

function expectClose(found: ArrayLike<number>, expected: readonly number[], within = EXACT): void {
  expect(found.length).toBe(expected.length)
  expected.forEach((value, i) => {
    expect(Math.abs(found[i]! - value)).toBeLessThanOrEqual(within * Math.max(1, Math.abs(value)))
  })
}

/** A row through the steps in double precision, before it is rounded for the net. */
function through(steps: readonly InputStep[], row: readonly number[]): number[] {
  const inputs = inputsOf(
    row.map((_, i) => `c${i}.mean`),
    steps,
  )
  const own = Float64Array.from({ length: inputs.names.length }, (_, i) => row[i] ?? 0)
  for (const run of inputs.run) run(own)
  return [...own]
}

describe("scikit-learn's", () => {
  it('StandardScaler and SimpleImputer are ours', () => {
    const { rows, mean, std, out } = golden.scaling
    const columns = mean.map((_, i) => present(rows.map((row) => row[i] ?? Number.NaN)))
    const fitted = columns.map(meanAndStd)
    expectClose(
      fitted.map((column) => column.mean),
      mean,
    )
    expectClose(
      fitted.map((column) => column.std),
      std,
    )
    const steps: InputStep[] = [
      { step: 'scale', mean: fitted.map((column) => column.mean), std: fitted.map((column) => column.std) },
      { step: 'impute', value: 0 },
    ]
    rows.forEach((row, i) => {
      const own = row.map((value) => value ?? Number.NaN)
      // A spread of a ten-thousandth of the mean costs digits on both sides.
      expectClose(through(steps, own), out[i]!, 1e-8)
    })
  })

  it("quantiles (NumPy's) hold outliers as ours do", () => {
    const { values, low, high, out } = golden.outliers
    const sorted = Float64Array.from(values).sort()
    expectClose([quantile(sorted, OUTLIERS.low), quantile(sorted, OUTLIERS.high)], [low, high])
    const step: InputStep = { step: 'winsorise', low: [low], high: [high] }
    expectClose(
      values.map((value) => through([step], [value])[0]!),
      out,
    )
  })

  it.each(golden.powers)('PowerTransformer finds the power of $lambda too', ({ values, ...expected }) => {
    expectClose([skewness(values)], [expected.skewness])
    const lambda = fitPower(Float64Array.from(values))
    // Both end where the likelihood is flat to the last digits.
    expect(Math.abs(lambda - expected.lambda)).toBeLessThan(1e-5)
    expectClose(
      values.map((value) => yeoJohnson(value, expected.lambda)),
      expected.out,
    )
  })

  it.each(golden.givenPowers)('PowerTransformer of power $lambda is ours', ({ lambda, values, out }) => {
    expectClose(
      values.map((value) => through([{ step: 'yeo-johnson', lambda: [lambda] }], [value])[0]!),
      out,
    )
  })

  it('OneHotEncoder is ours, the unknown as well', () => {
    const { values, asked, out } = golden.categories
    const category = { feature: 'attributes.type', values }
    const inputs = inputsOf(['attributes.type'], [{ step: 'one-hot', categories: [category] }])
    expect(inputs.names).toEqual(values.map((value) => `attributes.type=${value}`))
    asked.forEach((type, i) => {
      const row = new Float64Array(values.length + 1)
      row[values.length] = categoryCode(category, { type })
      for (const run of inputs.run) run(row)
      expect([...row.subarray(0, values.length)]).toEqual(out[i])
    })
  })

  it.each(golden.folds)('GroupKFold and StratifiedGroupKFold deal $folds folds as ours', (vector) => {
    const sizes = vector.counts.map(([negative, positive]) => negative + positive)
    expect(groupFolds(sizes, vector.folds)).toEqual(vector.group)
    expect(stratifiedFolds(vector.counts, vector.folds)).toEqual(vector.stratified)
  })

  it.each(golden.calibrations)('calibrations are ours, by Platt and isotonic', (vector) => {
    const { scores, positive, slope, offset, grid, isotonic } = vector
    const platt = fitPlatt(scores, positive)
    if (platt?.method !== 'platt') throw new Error('no curve of Platt')
    expectClose([platt.slope, platt.offset], [slope, offset])
    expectClose(grid.map(calibrator(fitIsotonic(scores, positive))), isotonic)
  })

  it.each(golden.limits)('DecisionTreeClassifier on one column splits where ours does', (vector) => {
    const { values, positive, most, limits } = vector
    expectClose(fitLimits(Float64Array.from(values), Uint8Array.from(positive), most), limits)
  })
})
