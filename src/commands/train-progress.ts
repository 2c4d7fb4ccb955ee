/** How far a training is, and how long it may take yet: lines on standard error, none of them more often than needed. */

/** Readings between two lines. */
const READINGS_PER_LINE = 1_000_000

export function say(line: string): void {
  process.stderr.write(`train: ${line}\n`)
}

/** Counts readings; `total` null = nobody knows how many there are. */
export function readingProgress(total: number | null): () => void {
  const startedMs = performance.now()
  let done = 0
  return () => {
    done++
    if (done % READINGS_PER_LINE !== 0) return
    const left = total === null ? '' : `, about ${timeLeft(startedMs, done, total)} left`
    say(`${done / 1e6} million readings${total === null ? '' : ` of ${(total / 1e6).toFixed(1)}`}${left}`)
  }
}

/** @returns tells an epoch, with the time that all to come can take at most: fits may end sooner */
export function epochProgress(): (done: number, of: number, line: string) => void {
  const startedMs = performance.now()
  return (done, of, line) => say(`${line}; at most ${timeLeft(startedMs, done, of)} left`)
}

function timeLeft(startedMs: number, done: number, of: number): string {
  const seconds = ((performance.now() - startedMs) / 1000 / done) * (of - done)
  if (seconds < 60) return `${Math.ceil(seconds)} s`
  return seconds < 3600 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}
