/** How long commits took, by the histogram `forewarn_commit_seconds` of running programs. */

/** Commits by the upper bound of their bucket, seconds; cumulative, as Prometheus has them. */
export type Buckets = ReadonlyMap<number, number>

const BUCKET = /^forewarn_commit_seconds_bucket\{le="([^"]+)"\} ([0-9]+)/gm

/** @returns null while the program does not answer */
export async function commitsOf(httpPort: number): Promise<Buckets | null> {
  try {
    const page = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text()
    const found = [...page.matchAll(BUCKET)]
    return new Map(
      found.map(([, bound, count]) => [Number(bound?.replace('+Inf', 'Infinity')), Number(count)]),
    )
  } catch {
    // Starting, or ended already: the answer before stands.
    return null
  }
}

/** All programs' together. */
export function sumOf(all: readonly Buckets[]): Buckets {
  const sum = new Map<number, number>()
  for (const buckets of all) {
    for (const [bound, count] of buckets) sum.set(bound, (sum.get(bound) ?? 0) + count)
  }
  return sum
}

/** Milliseconds at a share of the commits, interpolated within its bucket as Prometheus does. */
export function commitMs(buckets: Buckets, share: number): number {
  const bounds = [...buckets].sort(([a], [b]) => a - b)
  const wanted = share * (bounds.at(-1)?.[1] ?? 0)
  let below = 0
  let before = 0
  for (const [bound, count] of bounds) {
    if (count >= wanted && count > before) {
      const upper = Number.isFinite(bound) ? bound : below
      return 1000 * (below + ((upper - below) * (wanted - before)) / (count - before))
    }
    below = bound
    before = count
  }
  return Number.NaN
}
