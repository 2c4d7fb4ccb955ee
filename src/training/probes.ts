/** The windows that a manifest keeps with their scores, from the surest healthy one to the surest failing one. */
import type { Scorer } from '../core/ports.ts'
import type { Backend } from '../model/backend.ts'
import type { Probe } from '../model/manifest.ts'
import { createScorer, type ScoredNet } from '../model/scorer.ts'
import { type Dataset, vectorsOf } from './dataset.ts'
import { visitRows } from './vectors.ts'

/** How many, evenly over the ranks of the scores; the last one lacks every second feature. */
export const PROBES = 8
/** Digits of a feature; the score is that of the rounded one. */
const DIGITS = 9
/** Rows that are ranked. */
const RANKED_ROWS = 10_000

/** @param rows of machines that did not teach */
export async function chooseProbes(
  backend: Backend,
  dataset: Dataset,
  rows: Int32Array,
  net: Omit<ScoredNet, 'name'>,
): Promise<Probe[]> {
  const scorer = await createScorer(backend, { ...net, name: 'probes' })
  try {
    return probesOf(scorer, dataset, rows)
  } finally {
    scorer.dispose()
  }
}

/** The same by a scorer that is there; it is left open. */
export function probesOf(scorer: Scorer, dataset: Dataset, rows: Int32Array): Probe[] {
  const stride = Math.max(1, Math.ceil(rows.length / RANKED_ROWS))
  const some = rows.filter((_, i) => i % stride === 0)
  const vectors: Float64Array[] = []
  visitRows(vectorsOf(dataset), some, (numbers, at) => {
    vectors.push(numbers.slice(at, at + dataset.features.length).map(rounded))
  })
  const score = (list: readonly Float64Array[]) =>
    scorer.score(Float64Array.from(list.flatMap((vector) => [...vector])), list.length)
  const scores = score(vectors)
  const ranked = [...vectors.keys()].sort((a, b) => scores[a]! - scores[b]! || a - b)
  const picked = Array.from({ length: PROBES }, (_, i) => {
    const vector = vectors[ranked[Math.round((i * (ranked.length - 1)) / (PROBES - 1))]!]!
    return i === PROBES - 1 ? vector.map((value, column) => (column % 2 === 1 ? Number.NaN : value)) : vector
  })
  const kept = score(picked)
  return picked.map((vector, i) => ({
    features: Array.from(vector, (value) => (Number.isFinite(value) ? value : null)),
    score: kept[i]!,
  }))
}

function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS))
}
