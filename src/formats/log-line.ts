/**
 * A line of `tail` or of `dead-letters list --json` → the reading that it carries. So what came too late, or stands in
 * the log of another plant, can be given to `score` and `train` as it was printed.
 */

/** Dead letters whose payload is a whole reading that the log had taken. */
const READINGS_OF_REASON = new Set(['late', 'future'])

type Fields = Readonly<Record<string, unknown>>

/** @returns null when the line is no record of a log, such as a plain reading */
export function recordOfLine(line: unknown): Fields | null {
  if (typeof line !== 'object' || line === null) return null
  const { partition, offset } = line as Fields
  return Number.isInteger(partition) && Number.isInteger(offset) && 'value' in line ? (line as Fields) : null
}

/** @returns the reading that a record carries; null for a tick, a command, a payload that is none */
export function readingOfRecord({ value, headers, reason = fieldOf(headers, 'reason') }: Fields): unknown {
  const isReading = fieldOf(headers, 'type') === undefined
  const isWhole = reason === undefined || (typeof reason === 'string' && READINGS_OF_REASON.has(reason))
  return isReading && isWhole && typeof value === 'object' ? value : null
}

function fieldOf(fields: unknown, name: string): unknown {
  return typeof fields === 'object' && fields !== null ? (fields as Fields)[name] : undefined
}
