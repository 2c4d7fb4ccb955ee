/** How rare events can be told to be: where a resampling of none says none, a Poisson count still has an upper bound. */

/** Chance of being wrong. */
const MISS = 0.05
const HALVINGS = 60

/**
 * @param count events seen
 * @returns the greatest mean for which so few had a chance of 5 %: the one-sided upper bound of 95 % (F. Garwood, 1936)
 */
export function upperMean(count: number): number {
  let [low, high] = [count, count + 4 * Math.sqrt(count + 1) + 4]
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2
    if (chanceOfAtMost(count, middle) > MISS) low = middle
    else high = middle
  }
  return high
}

/** P(X ≤ count) of a Poisson count with this mean: its terms relative to the last one, which is the greatest of them. */
function chanceOfAtMost(count: number, mean: number): number {
  let log = -mean
  for (let i = 1; i <= count; i++) log += Math.log(mean / i)
  let [sum, term] = [1, 1]
  for (let i = count; i > 0 && term > 0; i--) {
    term *= i / mean
    sum += term
  }
  return Math.exp(log) * sum
}
