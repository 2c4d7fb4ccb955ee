/** The Yeo-Johnson power that makes a column most like a normal one, by maximum likelihood (scikit-learn's). */
import { yeoJohnson } from '../model/yeo-johnson.ts'
import { meanAndStd } from './column.ts'

/** Powers that are looked at: beyond them the transform flattens nearly all of a column. */
const RANGE = [-4, 6] as const
const GOLDEN = (Math.sqrt(5) - 1) / 2
/** Width at which the search ends. */
const TOLERANCE = 1e-9

/**
 * Golden section on the log-likelihood of the transformed column, which has one top.
 * @param values finite, with spread
 */
export function fitPower(values: Float64Array): number {
  let jacobian = 0
  for (const value of values) jacobian += Math.sign(value) * Math.log1p(Math.abs(value))
  const likelihood = (lambda: number) => {
    const { std } = meanAndStd(values.map((value) => yeoJohnson(value, lambda)))
    return -values.length * Math.log(std) + (lambda - 1) * jacobian
  }
  let [low, high] = RANGE as readonly [number, number]
  let left = high - GOLDEN * (high - low)
  let right = low + GOLDEN * (high - low)
  let atLeft = likelihood(left)
  let atRight = likelihood(right)
  while (high - low > TOLERANCE) {
    if (atLeft > atRight) {
      high = right
      right = left
      atRight = atLeft
      left = high - GOLDEN * (high - low)
      atLeft = likelihood(left)
    } else {
      low = left
      left = right
      atLeft = atRight
      right = low + GOLDEN * (high - low)
      atRight = likelihood(right)
    }
  }
  return (low + high) / 2
}
