/** What `forewarn chaos --json` says at its end. */

/** What `--json` prints, behind the lines that tell each step. */
export function reportIn(output: string): Record<string, unknown> {
  return JSON.parse(output.slice(output.indexOf('\n{\n') + 1)) as Record<string, unknown>
}

/** How often something was done whose name begins so. */
export function countOf(done: Readonly<Record<string, number>>, name: string): number {
  return Object.entries(done)
    .filter(([what]) => what.startsWith(name))
    .reduce((sum, [, count]) => sum + count, 0)
}
