/** What scikit-learn says of random data, made by `metrics.py`: the numbers that ours must equal to 1e-9. */
import { readFileSync } from 'node:fs'

interface Diagram {
  readonly observed: readonly number[]
  readonly predicted: readonly number[]
}

export interface GoldenCase {
  readonly name: string
  readonly scores: readonly number[]
  readonly positive: readonly number[]
  readonly above: number
  /** Rows: truth negative, positive; columns: said negative, positive. */
  readonly confusion: readonly (readonly number[])[]
  readonly accuracy: number
  readonly balancedAccuracy: number
  readonly correlation: number
  readonly precision: number
  readonly recall: number
  readonly f1: number
  readonly prAuc: number
  readonly rocAuc: number
  readonly brier: number
  readonly logLoss: number
  readonly uniform: Diagram
  readonly quantile: Diagram
}

export interface GoldenRegression {
  readonly name: string
  readonly inputs: readonly number[]
  readonly width: number
  readonly positive: readonly number[]
  readonly c: number
  readonly weights: readonly number[]
  readonly bias: number
}

const golden: { readonly cases: GoldenCase[]; readonly regressions: GoldenRegression[] } = JSON.parse(
  readFileSync(new URL('metrics.json', import.meta.url), 'utf8'),
)

export const goldenCases = golden.cases
export const goldenRegressions = golden.regressions
