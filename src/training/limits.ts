/**
 * Limits of a column at which the share of failures changes: a net that gets "above 1380" as an input of its own
 * learns sharp borders from few failures, which it would otherwise draw too softly. Found as a decision tree on the
 * one column finds them: the split that gains most information first (U. M. Fayyad, K. B. Irani, 1993).
 */

/** Fewest rows on either side of a limit. */
const LEAST_ROWS = 5

interface Piece {
  readonly from: number
  readonly until: number
  readonly split: Split | null
}

interface Split {
  readonly at: number
  readonly gain: number
}

/**
 * @param values no NaN
 * @param positive 1 = positive
 * @param most limits at most
 * @returns ascending, each between two values of the column
 */
export function fitLimits(values: Float64Array, positive: Uint8Array, most: number): number[] {
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]! || a - b)
  const sorted = Float64Array.from(order, (row) => values[row]!)
  const positives = new Uint32Array(sorted.length + 1)
  order.forEach((row, i) => {
    positives[i + 1] = positives[i]! + positive[row]!
  })
  const piece = (from: number, until: number): Piece => ({
    from,
    until,
    split: bestSplit(sorted, positives, from, until),
  })
  const pieces = [piece(0, sorted.length)]
  const limits: number[] = []
  while (limits.length < most) {
    const best = pieces.reduce((a, b) => ((b.split?.gain ?? 0) > (a.split?.gain ?? 0) ? b : a))
    if (best.split === null) break
    const { at } = best.split
    limits.push((sorted[at - 1]! + sorted[at]!) / 2)
    pieces.splice(pieces.indexOf(best), 1, piece(best.from, at), piece(at, best.until))
  }
  return limits.sort((a, b) => a - b)
}

/** The place between two different values that leaves least entropy, in nats over all rows of the piece. */
function bestSplit(sorted: Float64Array, positives: Uint32Array, from: number, until: number): Split | null {
  const whole = entropy(positives[until]! - positives[from]!, until - from)
  let best: Split | null = null
  for (let at = from + LEAST_ROWS; at <= until - LEAST_ROWS; at++) {
    if (sorted[at - 1] === sorted[at]) continue
    const left = entropy(positives[at]! - positives[from]!, at - from)
    const right = entropy(positives[until]! - positives[at]!, until - at)
    const gain = whole - left - right
    if (gain > (best?.gain ?? 1e-9)) best = { at, gain }
  }
  return best
}

/** Rows times the entropy of their share of positives. */
function entropy(hits: number, rows: number): number {
  const part = (count: number) => (count > 0 ? -count * Math.log(count / rows) : 0)
  return part(hits) + part(rows - hits)
}
