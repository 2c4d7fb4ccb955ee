/**
 * Fits the steps from raw features to the net's inputs (`model/steps.ts`) on the machines that teach: outliers held
 * within quantiles, columns scaled, skew taken out, what is missing set to the mean, categories coded.
 */
import type { Category } from '../core/category.ts'
import { type Inputs, inputsOf } from '../model/inputs.ts'
import type { Derived, InputStep } from '../model/steps.ts'
import { yeoJohnson } from '../model/yeo-johnson.ts'
import { meanAndStd, present, skewness } from './column.ts'
import { type Dataset, vectorsOf } from './dataset.ts'
import { POSITIVE } from './horizon.ts'
import { fitLimits } from './limits.ts'
import { fitPower } from './power.ts'
import { quantile } from './reliability.ts'
import { visitRows } from './vectors.ts'

/** What the data itself does not say. */
export interface Preparation {
  readonly derived: readonly Derived[]
  readonly categories: readonly Category[]
  /** Most limits per column that a step `limits` looks for; 0 = no such step. */
  readonly limits: number
}

export const PLAIN_PREPARATION: Preparation = { derived: [], categories: [], limits: 0 }

/** Scaled values are held within ±this many spreads. */
export const CLIP = 10
/** Values beyond these shares of the column are outliers. */
export const OUTLIERS = { low: 0.001, high: 0.999 } as const
/** Columns with more skew than this, after outliers, get a power. */
export const SKEWED = 1
/** Rows that the steps are fitted on, spread evenly over all that teach. */
export const SAMPLE_ROWS = 100_000
/** The same for the search for a power, which looks at each value about fifty times. */
const POWER_ROWS = 5000
/** Digits kept: a manifest is read by people too, and the rest is noise. */
const DIGITS = 7

/** @param rows of the machines that teach */
export function fitInputs(dataset: Dataset, rows: Int32Array, preparation: Preparation): Inputs {
  const { derived, categories, limits } = preparation
  const { features } = dataset
  const steps: InputStep[] = []
  if (derived.length > 0) steps.push({ step: 'derive', features: [...derived] })
  const taken = strided(rows, SAMPLE_ROWS)
  const columns = columnsOf(dataset, taken, features.length - categories.length, derived)
  const plain = columns.map(fitColumn)
  const scales = plain.map(({ scale }) => scale)
  steps.push(
    { step: 'winsorise', low: plain.map(({ low }) => low), high: plain.map(({ high }) => high) },
    { step: 'scale', mean: scales.map(({ mean }) => mean), std: scales.map(({ std }) => std) },
  )
  const powers = plain.map(({ power }) => power)
  if (powers.some((power) => power !== null)) {
    steps.push(
      { step: 'yeo-johnson', lambda: powers.map((power) => power?.lambda ?? null) },
      {
        step: 'scale',
        mean: powers.map((power) => power?.mean ?? 0),
        std: powers.map((power) => power?.std ?? 1),
      },
    )
  }
  steps.push({ step: 'clip', limit: CLIP }, { step: 'impute', value: 0 })
  if (limits > 0) {
    const positive = Uint8Array.from(taken, (row) => (dataset.target[row] === POSITIVE ? 1 : 0))
    const edges = columns.map((column, i) =>
      fitLimits(column.map(throughColumn(plain[i]!)), positive, limits),
    )
    steps.push({ step: 'limits', above: edges.map((list) => list.map(rounded)) })
  }
  if (categories.length > 0) {
    steps.push({
      step: 'one-hot',
      categories: categories.map(({ feature, values }) => ({ feature, values: [...values] })),
    })
  }
  return inputsOf(features, steps)
}

/** Every n-th row, so that at most `most` are taken. */
function strided(rows: Int32Array, most: number): Int32Array {
  const stride = Math.max(1, Math.ceil(rows.length / most))
  return rows.filter((_, i) => i % stride === 0)
}

/** Features and derived ones of the rows, column by column. */
function columnsOf(
  dataset: Dataset,
  rows: Int32Array,
  plain: number,
  derived: readonly Derived[],
): Float64Array[] {
  const steps: InputStep[] = derived.length > 0 ? [{ step: 'derive', features: [...derived] }] : []
  const { run, names } = inputsOf(dataset.features.slice(0, plain), steps)
  const columns = names.map(() => new Float64Array(rows.length))
  const row = new Float64Array(names.length)
  visitRows(vectorsOf(dataset), rows, (numbers, at, place) => {
    for (let i = 0; i < plain; i++) row[i] = numbers[at + i]!
    for (const step of run) step(row)
    columns.forEach((column, i) => {
      column[place] = row[i]!
    })
  })
  return columns
}

interface FittedColumn {
  readonly low: number
  readonly high: number
  readonly scale: { readonly mean: number; readonly std: number }
  readonly power: { readonly lambda: number; readonly mean: number; readonly std: number } | null
}

/** A column that never moves gets a spread of 1; one without a value says nothing. */
function fitColumn(column: Float64Array): FittedColumn {
  const values = present(column).sort()
  if (values.length === 0) return { low: 0, high: 0, scale: { mean: 0, std: 1 }, power: null }
  const low = rounded(quantile(values, OUTLIERS.low))
  const high = rounded(quantile(values, OUTLIERS.high))
  const held = values.map((value) => Math.min(high, Math.max(low, value)))
  const scale = scaleOf(held)
  const scaled = held.map((value) => (value - scale.mean) / scale.std)
  return { low, high, scale, power: Math.abs(skewness(scaled)) > SKEWED ? powerOf(scaled) : null }
}

/** @param scaled ascending, so that every n-th is like all */
function powerOf(scaled: Float64Array): FittedColumn['power'] {
  const stride = Math.max(1, Math.ceil(scaled.length / POWER_ROWS))
  const lambda = rounded(fitPower(scaled.filter((_, i) => i % stride === 0)))
  return { lambda, ...scaleOf(scaled.map((value) => yeoJohnson(value, lambda))) }
}

function scaleOf(values: Float64Array): { readonly mean: number; readonly std: number } {
  const { mean, std } = meanAndStd(values)
  return { mean: rounded(mean), std: rounded(std) > 0 ? rounded(std) : 1 }
}

/** What the steps before `limits` make of a value of this column. */
function throughColumn({ low, high, scale, power }: FittedColumn): (value: number) => number {
  return (value) => {
    if (Number.isNaN(value)) return 0
    const scaled = (Math.min(high, Math.max(low, value)) - scale.mean) / scale.std
    const straight = power ? (yeoJohnson(scaled, power.lambda) - power.mean) / power.std : scaled
    return Math.min(CLIP, Math.max(-CLIP, straight))
  }
}

function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS))
}
