/**
 * The net's output → a probability that keeps its word: of the windows scored 0.3, three in ten precede a failure.
 * The manifest holds the curve; training fits it on assets that did not teach, serving applies it before rounding.
 */
import Type, { type Static } from 'typebox'

const strict = { additionalProperties: false }

export const Calibration = Type.Union(
  [
    Type.Null(),
    Type.Object(
      {
        method: Type.Literal('platt', { description: '1 / (1 + exp(-(slope · logit(p) + offset)))' }),
        slope: Type.Number({ exclusiveMinimum: 0 }),
        offset: Type.Number(),
      },
      strict,
    ),
    Type.Object(
      {
        method: Type.Literal('isotonic', { description: 'Straight lines between points, flat beyond them' }),
        from: Type.Array(Type.Number(), { minItems: 1 }),
        to: Type.Array(Type.Number({ minimum: 0, maximum: 1 }), { minItems: 1 }),
      },
      strict,
    ),
  ],
  { description: "Applied to the net's output; null: it is used as it is" },
)
export type Calibration = Static<typeof Calibration>

/** A certain net would otherwise have an infinite logit. */
const LEAST_CHANCE = 1e-7

export function logit(chance: number): number {
  const held = Math.min(1 - LEAST_CHANCE, Math.max(LEAST_CHANCE, chance))
  return Math.log(held) - Math.log1p(-held)
}

export function logistic(value: number): number {
  return 1 / (1 + Math.exp(-value))
}

/** @returns a function of the net's output; NaN stays NaN */
export function calibrator(calibration: Calibration): (risk: number) => number {
  if (calibration === null) return (risk) => risk
  if (calibration.method === 'platt') {
    const { slope, offset } = calibration
    return (risk) => logistic(slope * logit(risk) + offset)
  }
  const { from, to } = calibration
  return (risk) => interpolated(from, to, risk)
}

function interpolated(from: readonly number[], to: readonly number[], at: number): number {
  if (Number.isNaN(at)) return at
  const above = from.findIndex((x) => x > at)
  if (above === 0) return to[0]!
  if (above < 0) return to[to.length - 1]!
  const [x0, x1, y0, y1] = [from[above - 1]!, from[above]!, to[above - 1]!, to[above]!]
  return y0 + ((y1 - y0) * (at - x0)) / (x1 - x0)
}
