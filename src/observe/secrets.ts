/** Keeps secrets out of the log: values under telling names, and user:password in addresses. */

/** Names of fields whose values are never written. */
const SECRET_NAME = /passw(or)?d|token|secret|authorization|cookie|users|api-?key/i

/** `scheme://user:password@host`; a password may hold anything but a slash or a space. */
const CREDENTIALS = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/]*@/gi

export const HIDDEN = '[hidden]'

/** Most levels of an object that are written. */
const MAX_DEPTH = 6

/** Text without the user and password of any address in it. */
export function maskText(text: string): string {
  return text.includes('@') ? text.replace(CREDENTIALS, `$1${HIDDEN}@`) : text
}

/** `"name":"text"` of a JSON line whose name is telling. */
const SECRET_FIELD = new RegExp(`("[^"]*(?:${SECRET_NAME.source})[^"]*":)"(?:[^"\\\\]|\\\\.)*"`, 'gi')

/** The same within a JSON line, where a quote ends the text. */
const LINE_CREDENTIALS = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/"]*@/gi

/**
 * The last net, for what pino writes without asking us: bindings of child loggers, an error's message.
 * @param line a JSON line
 */
export function maskLine(line: string): string {
  const masked = line.replace(SECRET_FIELD, `$1"${HIDDEN}"`)
  return masked.includes('@') ? masked.replace(LINE_CREDENTIALS, `$1${HIDDEN}@`) : masked
}

/**
 * @param value anything that is about to be logged
 * @returns a copy without secrets; errors become plain data with message and stack
 */
export function maskValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return maskText(value)
  if (value === null || typeof value !== 'object') return value
  if (value instanceof Error) return maskError(value, depth)
  if (depth >= MAX_DEPTH) return '[deeper]'
  if (value instanceof Uint8Array) return `[${value.byteLength} bytes]`
  if (Array.isArray(value)) return value.map((item) => maskValue(item, depth + 1))
  return maskFields(value, depth)
}

function maskFields(value: object, depth: number): Record<string, unknown> {
  const entries = Object.entries(value).map(([name, field]) => [
    name,
    SECRET_NAME.test(name) && field !== null && field !== undefined ? HIDDEN : maskValue(field, depth + 1),
  ])
  return Object.fromEntries(entries)
}

function maskError(error: Error, depth: number): Record<string, unknown> {
  const masked: Record<string, unknown> = {
    ...maskFields(error, depth),
    type: error.name,
    message: maskText(error.message),
    stack: maskText(error.stack ?? ''),
  }
  if (error.cause !== undefined && depth < MAX_DEPTH) masked.cause = maskValue(error.cause, depth + 1)
  return masked
}
