/**
 * The curve from a net's output to a probability, fitted on machines that did not teach it. Methods and results are those of scikit-learn's `CalibratedClassifierCV` (tests hold its vectors).
 */
import { type Calibration, logistic, logit } from '../model/calibration.ts'

export type CalibrationMethod = 'platt' | 'isotonic' | 'none'

/** @param positive above 0 = positive */
export function fitCalibration(
  method: CalibrationMethod,
  scores: ArrayLike<number>,
  positive: ArrayLike<number>,
): Calibration {
  if (method === 'none') return null
  return method === 'platt' ? fitPlatt(scores, positive) : fitIsotonic(scores, positive)
}

const NEWTON_STEPS = 100
const CONVERGED = 1e-12

/**
 * Logistic regression on the output's logit, by Newton's method. Targets are drawn in a little from 0 and 1, so
 * that a perfect net does not get an infinite slope.
 * J. Platt, "Probabilistic outputs for support vector machines", 1999; H.-T. Lin et al., 2007.
 * @returns null when the outputs do not rise with the failures: there is nothing to calibrate
 */
export function fitPlatt(scores: ArrayLike<number>, positive: ArrayLike<number>): Calibration {
  const logits = Float64Array.from(scores, logit)
  const hits = Float64Array.from(positive, (value) => (value > 0 ? 1 : 0)).reduce((a, b) => a + b, 0)
  const high = (hits + 1) / (hits + 2)
  const low = 1 / (logits.length - hits + 2)
  const target = Float64Array.from(positive, (value) => (value > 0 ? high : low))
  let slope = 1
  let offset = 0
  for (let step = 0; step < NEWTON_STEPS; step++) {
    const [bySlope, byOffset] = newtonStep(logits, target, slope, offset)
    let share = 1
    const before = plattLoss(logits, target, slope, offset)
    while (
      share > CONVERGED &&
      plattLoss(logits, target, slope - share * bySlope, offset - share * byOffset) > before
    ) {
      share /= 2
    }
    slope -= share * bySlope
    offset -= share * byOffset
    if (Math.abs(bySlope) + Math.abs(byOffset) < CONVERGED * (1 + Math.abs(slope) + Math.abs(offset))) break
  }
  return slope > 0 && Number.isFinite(slope + offset) ? { method: 'platt', slope, offset } : null
}

function plattLoss(logits: Float64Array, target: Float64Array, slope: number, offset: number): number {
  let loss = 0
  for (let i = 0; i < logits.length; i++) {
    const z = slope * logits[i]! + offset
    loss += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - target[i]! * z
  }
  return loss
}

/** Keeps the curvature from vanishing when all logits are alike. */
const RIDGE = 1e-12

function newtonStep(
  logits: Float64Array,
  target: Float64Array,
  slope: number,
  offset: number,
): readonly [number, number] {
  const sums = { aa: RIDGE, ab: 0, bb: RIDGE, a: 0, b: 0 }
  for (let i = 0; i < logits.length; i++) {
    const x = logits[i]!
    const chance = logistic(slope * x + offset)
    const curve = chance * (1 - chance)
    sums.aa += x * x * curve
    sums.ab += x * curve
    sums.bb += curve
    sums.a += x * (chance - target[i]!)
    sums.b += chance - target[i]!
  }
  const { aa, ab, bb, a, b } = sums
  const determinant = aa * bb - ab * ab
  return [(bb * a - ab * b) / determinant, (aa * b - ab * a) / determinant]
}

/**
 * The rising step function nearest to the targets, by pooling neighbours that fall (R. E. Barlow et al., 1972);
 * equal outputs count as one. Between its points it is read along straight lines.
 */
export function fitIsotonic(scores: ArrayLike<number>, positive: ArrayLike<number>): Calibration {
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i)
  order.sort((a, b) => scores[a]! - scores[b]!)
  const pools: { from: number; until: number; sum: number; rows: number }[] = []
  for (const row of order) {
    const score = scores[row]!
    const hit = positive[row]! > 0 ? 1 : 0
    const last = pools[pools.length - 1]
    if (last && last.from === score && last.until === score) {
      last.sum += hit
      last.rows++
    } else pools.push({ from: score, until: score, sum: hit, rows: 1 })
  }
  const pooled: typeof pools = []
  for (const pool of pools) {
    let whole = pool
    for (let last = pooled[pooled.length - 1]; last; last = pooled[pooled.length - 1]) {
      if (last.sum / last.rows < whole.sum / whole.rows) break
      pooled.pop()
      whole = { from: last.from, until: whole.until, sum: last.sum + whole.sum, rows: last.rows + whole.rows }
    }
    pooled.push(whole)
  }
  const points = pooled.flatMap(({ from, until, sum, rows }) =>
    from === until
      ? [[from, sum / rows]]
      : [
          [from, sum / rows],
          [until, sum / rows],
        ],
  )
  return { method: 'isotonic', from: points.map(([x]) => x!), to: points.map(([, y]) => y!) }
}
