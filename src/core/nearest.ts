/** The known word that a mistyped one most likely meant; messages about unknown keys and topics name it. */

/** A typing slip changes at most this share of a word's letters. */
const MOST_CHANGED_SHARE = 0.5

/**
 * @param word what was written
 * @param known the words that would be right
 * @returns the one with the fewest edits (insert, delete, replace, swap of neighbours), null if none is near
 */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: string | null = null
  let fewest = Number.POSITIVE_INFINITY
  for (const candidate of known) {
    const count = edits(word.toLowerCase(), candidate.toLowerCase())
    const most = Math.max(word.length, candidate.length) * MOST_CHANGED_SHARE
    if (count <= most && count < fewest) {
      best = candidate
      fewest = count
    }
  }
  return best
}

/** Optimal string alignment distance, row by row. */
function edits(from: string, to: string): number {
  let before: number[] = []
  let above = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = above[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)
      let least = Math.min(above[j]! + 1, row[j - 1]! + 1, replaced)
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      if (swapped) least = Math.min(least, before[j - 2]! + 1)
      row.push(least)
    }
    before = above
    above = row
  }
  return above[to.length]!
}
