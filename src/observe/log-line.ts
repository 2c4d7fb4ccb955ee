/** A line of the log as people read it on a terminal: time, level, message, then the fields. */

const LEVELS: ReadonlyMap<number, { readonly label: string; readonly colour: string }> = new Map([
  [10, { label: 'trace', colour: '\u001b[90m' }],
  [20, { label: 'debug', colour: '\u001b[90m' }],
  [30, { label: 'info ', colour: '\u001b[32m' }],
  [40, { label: 'warn ', colour: '\u001b[33m' }],
  [50, { label: 'error', colour: '\u001b[31m' }],
  [60, { label: 'fatal', colour: '\u001b[35m' }],
])

const DIM = '\u001b[2m'
const RESET = '\u001b[0m'

/** Fields that the line shows in another way, or not at all. */
const SHOWN_APART = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'err', 'name'])

/**
 * @param json one line as pino writes it
 * @param colours whether the terminal takes ANSI colours
 * @returns the line for people, with its line end; what isn't JSON comes back as it was
 */
export function formatLogLine(json: string, colours: boolean): string {
  const fields = parse(json)
  if (fields === null) return json
  const level = LEVELS.get(Number(fields.level)) ?? { label: String(fields.level), colour: '' }
  const paint = (colour: string, text: string) => (colours ? `${colour}${text}${RESET}` : text)
  const time = new Date(Number(fields.time)).toTimeString().slice(0, 8)
  const rest = Object.entries(fields)
    .filter(([name]) => !SHOWN_APART.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const line = [paint(DIM, time), paint(level.colour, level.label), String(fields.msg ?? '')]
  if (rest.length > 0) line.push(paint(DIM, rest.join(' ')))
  return `${line.join(' ')}${errorText(fields.err)}\n`
}

function parse(json: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    return null
  }
}

/** The stack where there is one: it begins with the message. An expected failure shows its message alone. */
function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  const { type, message, stack }: { type?: unknown; message?: unknown; stack?: unknown } = error
  const text = type === 'Failure' || typeof stack !== 'string' || stack === '' ? message : stack
  return text === undefined ? '' : `\n  ${String(text).replaceAll('\n', '\n  ')}`
}
