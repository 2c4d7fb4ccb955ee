/**
 * How many rows go through the library at once, so that every processor gives the same bits. Eigen, by which libtensorflow
 * multiplies, cuts a product into blocks by the size of the processor's caches; what was found is in docs/decisions/0002.
 */

/**
 * Blocks are multiples of this. Its rows are computed in sixes, and one to three that are left over in another order: of a
 * multiple of 24 rows nothing is left over, wherever it is cut. So a row's bits depend neither on the cut nor on the others.
 */
export const ROW_UNIT = 24

/**
 * Most rows in a batch that teaches: the gradient is a sum over them, which is cut behind 400 at most where the first data
 * cache has 32 KB, and behind 608 where it has 48 KB. (Some nets of more than 72 inputs differ all the same.)
 */
export const MOST_TAUGHT_ROWS = 384

/** Most rows in one tensor that is only predicted. */
export const MOST_PREDICTED_ROWS = 4080

/** @returns the rows with what fills them up to a multiple of `ROW_UNIT` */
export function wholeRows(rows: number): number {
  return Math.ceil(rows / ROW_UNIT) * ROW_UNIT
}
