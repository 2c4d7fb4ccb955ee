/** A time as the command line takes it: epoch ms, or RFC 3339 with a zone. */
import { failure } from '../core/errors.ts'
import { parseTime } from '../core/time.ts'

/**
 * @param option its name, for the message
 * @returns epoch ms
 * @throws failure 'usage'
 */
export function timeOf(option: string, text: string): number {
  const time = /^-?[0-9]+$/.test(text) ? parseTime(Number(text)) : parseTime(text)
  if (time !== null) return time
  throw failure('usage', `${option} ${text} is no time; write epoch ms or RFC 3339 with a zone`)
}
