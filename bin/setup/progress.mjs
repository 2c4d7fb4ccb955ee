// @ts-check
/**
 * What people see while the set-up works: lines on stderr, so that stdout stays the program's. A step that takes
 * long says every few seconds that it is alive.
 */

const HEARTBEAT_MS = 5_000

/** @param {string} line */
export function say(line) {
  process.stderr.write(`[set-up] ${line}\n`)
}

/**
 * Runs a step between two lines: what it does, and how long it took.
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} work
 * @param {(() => string) | null} measure how far it is, for the lines in between; null for work that shows itself
 * @returns {Promise<T>}
 */
export async function step(what, work, measure = () => '') {
  const startMs = performance.now()
  const seconds = () => `${((performance.now() - startMs) / 1000).toFixed(1)} s`
  say(`${what} ...`)
  const heart = setInterval(() => {
    const far = measure?.()
    if (far !== undefined) say(`${what}: ${seconds()}${far && `, ${far}`} ...`)
  }, HEARTBEAT_MS)
  try {
    const result = await work()
    say(`${what}: done in ${seconds()}`)
    return result
  } catch (error) {
    say(`${what}: did not work (${seconds()})`)
    throw error
  } finally {
    clearInterval(heart)
  }
}

/** @param {number} bytes */
export function megabytes(bytes) {
  return `${Math.round(bytes / 1e6)} MB`
}
