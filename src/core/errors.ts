/**
 * The one table of failures that cross a module border. An error carries a code that callers decide on and
 * a message that names what, where and what would be right (law 8).
 */

/** Code → exit status of the program (2 wrong usage or config, 1 everything else) and HTTP status. */
export const ERROR_CODES = {
  config: { exit: 2, http: 500 },
  usage: { exit: 2, http: 400 },
  model: { exit: 2, http: 500 },
  'log-full': { exit: 1, http: 503 },
  'log-unavailable': { exit: 1, http: 503 },
  'log-locked': { exit: 1, http: 503 },
  'log-version': { exit: 1, http: 500 },
  'not-found': { exit: 1, http: 404 },
  conflict: { exit: 1, http: 409 },
  input: { exit: 1, http: 400 },
  unavailable: { exit: 1, http: 503 },
} as const

export type ErrorCode = keyof typeof ERROR_CODES

/** An expected failure: shown to people by its message alone, without a stack. */
export interface Failure extends Error {
  readonly code: ErrorCode
}

/**
 * @param code what callers decide on
 * @param message names what, where and what would be right
 * @param cause the error behind it, if any
 */
export function failure(code: ErrorCode, message: string, cause?: unknown): Failure {
  const error = new Error(message, cause === undefined ? undefined : { cause })
  return Object.assign(error, { name: 'Failure', code })
}

/** True for an error made by `failure`, optionally of one code. */
export function isFailure(error: unknown, code?: ErrorCode): error is Failure {
  if (!(error instanceof Error) || error.name !== 'Failure') return false
  return code === undefined || (error as Failure).code === code
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
