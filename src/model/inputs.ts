/**
 * Raw features → the net's inputs, by the steps of a manifest. Training and serving both go through here, so that
 * what was trained is what is served (law 6). Computed in double precision, rounded once to single precision.
 */
import { attributeOf, type Category } from '../core/category.ts'
import { failure } from '../core/errors.ts'
import type { Derived, InputStep } from './steps.ts'
import { yeoJohnson } from './yeo-johnson.ts'

/** Steps made ready for one list of features. */
export interface Inputs {
  /** Raw features of a row. */
  readonly features: readonly string[]
  readonly steps: readonly InputStep[]
  /** Name of each of the net's inputs: a feature's, a derived one's, `attributes.type=L`, `x.mean > 4`. */
  readonly names: readonly string[]
  /** The raw features (by index) that each of the net's inputs comes from. */
  readonly sources: readonly (readonly number[])[]
  /** Attributes and the values that the model knows. */
  readonly categories: readonly Category[]
  readonly run: readonly Run[]
  /** Room for one row while the steps work on it: the widest that any of them makes, and the codes. */
  readonly row: Float64Array
}

/** Works on one row in place; `row` has room for all columns that any step makes. */
type Run = (row: Float64Array) => void

interface Columns {
  readonly names: string[]
  readonly sources: (readonly number[])[]
}

/**
 * @param features raw ones in the manifest's order, attributes behind all others
 * @throws Failure `model` that names the step which does not fit
 */
export function inputsOf(features: readonly string[], steps: readonly InputStep[]): Inputs {
  const plain = features.filter((name) => attributeOf(name) === null)
  if (features.some((name, i) => i < plain.length && attributeOf(name) !== null)) {
    throw failure('model', 'features.names: attributes must stand behind all other features')
  }
  const columns: Columns = { names: [...plain], sources: plain.map((_, i) => [i]) }
  const codes = features.slice(plain.length)
  let coded = codes.length > 0
  const run = steps.map((step, i) => {
    if (step.step === 'one-hot' && i !== steps.length - 1) {
      throw failure('model', `steps.${i}: one-hot must be the last step`)
    }
    if (step.step === 'one-hot') coded = false
    return runOf(step, `steps.${i} (${step.step})`, columns, codes, plain.length)
  })
  if (coded) throw failure('model', `steps: nothing codes ${codes.join(', ')}; a step one-hot is needed`)
  const categories = steps.flatMap((step) => (step.step === 'one-hot' ? step.categories : []))
  const row = new Float64Array(columns.names.length + categories.length)
  return { features, steps, ...columns, categories, run, row }
}

function runOf(
  step: InputStep,
  where: string,
  columns: Columns,
  codes: readonly string[],
  plain: number,
): Run {
  if (step.step === 'derive') return derive(step.features, where, columns, plain)
  if (step.step === 'one-hot') return oneHot(step.categories, where, columns, codes, plain)
  checkLists(step, where, columns.names)
  if (step.step === 'limits') return limits(step.above, columns)
  return eachColumn(step, columns.names.length)
}

/**
 * Steps that change each column by itself. Each has a loop of its own: a function for one value would make an object of
 * every number.
 */
function eachColumn(
  step: Exclude<InputStep, { readonly step: 'derive' | 'one-hot' | 'limits' }>,
  width: number,
): Run {
  switch (step.step) {
    case 'winsorise': {
      const { low, high } = step
      return (row) => {
        for (let i = 0; i < width; i++) row[i] = Math.min(high[i]!, Math.max(low[i]!, row[i]!))
      }
    }
    case 'scale': {
      const { mean, std } = step
      return (row) => {
        for (let i = 0; i < width; i++) row[i] = (row[i]! - mean[i]!) / std[i]!
      }
    }
    case 'yeo-johnson': {
      const { lambda } = step
      return (row) => {
        for (let i = 0; i < width; i++) {
          const power = lambda[i]
          if (typeof power === 'number') row[i] = yeoJohnson(row[i]!, power)
        }
      }
    }
    case 'clip': {
      const { limit } = step
      return (row) => {
        for (let i = 0; i < width; i++) row[i] = Math.min(limit, Math.max(-limit, row[i]!))
      }
    }
    case 'impute': {
      const { value } = step
      return (row) => {
        for (let i = 0; i < width; i++) if (Number.isNaN(row[i]!)) row[i] = value
      }
    }
  }
}

/** Each list of a step has an entry per column, and no spread is 0. */
function checkLists(step: InputStep, where: string, names: readonly string[]): void {
  for (const [field, list] of Object.entries(step)) {
    if (!Array.isArray(list) || list.length === names.length) continue
    throw failure('model', `${where}: ${field} has ${list.length} entries for ${names.length} columns`)
  }
  if (step.step !== 'scale') return
  const flat = step.std.findIndex((spread) => !(spread > 0))
  if (flat < 0) return
  throw failure('model', `${where}: std of ${names[flat]} is ${step.std[flat]}, must be above 0`)
}

const OPERATIONS = {
  '*': (a: number, b: number) => a * b,
  '/': (a: number, b: number) => (b === 0 ? Number.NaN : a / b),
  '+': (a: number, b: number) => a + b,
  '-': (a: number, b: number) => a - b,
} as const

function derive(derived: readonly Derived[], where: string, columns: Columns, plain: number): Run {
  if (columns.names.length !== plain) throw failure('model', `${where} must be the first step`)
  const parts = derived.map(({ name, left, right, by }) => {
    const [a, b] = [left, right].map((feature) => columns.names.indexOf(feature))
    const lacking = a! < 0 || a! >= plain ? left : b! < 0 || b! >= plain ? right : null
    if (lacking !== null) throw failure('model', `${where}: ${name} needs ${lacking}, which is no feature`)
    columns.sources.push([...new Set([a!, b!])])
    columns.names.push(name)
    return { a: a!, b: b!, operation: OPERATIONS[by] }
  })
  return (row) => {
    parts.forEach(({ a, b, operation }, i) => {
      row[plain + i] = operation(row[a]!, row[b]!)
    })
  }
}

function limits(above: readonly (readonly number[])[], columns: Columns): Run {
  const width = columns.names.length
  const all = above.flatMap((list, column) => list.map((limit) => ({ column, limit })))
  for (const { column, limit } of all) {
    columns.sources.push(columns.sources[column]!)
    columns.names.push(`${columns.names[column]} > ${limit}`)
  }
  return (row) => {
    all.forEach(({ column, limit }, i) => {
      row[width + i] = row[column]! > limit ? 1 : 0
    })
  }
}

function oneHot(
  categories: readonly Category[],
  where: string,
  columns: Columns,
  codes: readonly string[],
  plain: number,
): Run {
  const width = columns.names.length
  if (categories.length !== codes.length || categories.some(({ feature }, i) => feature !== codes[i])) {
    const found = categories.map(({ feature }) => feature).join(', ')
    throw failure('model', `${where}: categories are ${found}, the features are ${codes.join(', ')}`)
  }
  const starts: number[] = []
  categories.forEach(({ feature, values }, i) => {
    starts.push(columns.names.length)
    for (const value of values) {
      columns.names.push(`${feature}=${value}`)
      columns.sources.push([plain + i])
    }
  })
  const all = columns.names.length
  return (row) => {
    // The codes stand behind all columns, where `prepareRows` has put them.
    row.fill(0, width, all)
    categories.forEach(({ values }, i) => {
      const code = row[all + i]!
      if (code >= 0 && code < values.length) row[starts[i]! + code] = 1
    })
  }
}

/**
 * @param vectors row-major [rows × features], raw; what is not finite is missing
 * @param fromRow first row to take
 * @param out receives rows × inputs numbers from its start, row-major
 */
export function prepareRows(
  inputs: Inputs,
  vectors: Float64Array,
  fromRow: number,
  rows: number,
  out: Float32Array,
): void {
  const { features, names, categories, run, row } = inputs
  const width = features.length
  const plain = width - categories.length
  for (let i = 0; i < rows; i++) {
    const from = (fromRow + i) * width
    for (let at = 0; at < plain; at++) row[at] = finite(vectors[from + at]!)
    for (let at = plain; at < width; at++) row[names.length + at - plain] = vectors[from + at]!
    for (const step of run) step(row)
    for (let at = 0; at < names.length; at++) out[i * names.length + at] = row[at]!
  }
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN
}
