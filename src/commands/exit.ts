/** How a command ends: 0 done, 1 failed, 2 wrong usage or config. */
import { CommanderError } from 'commander'
import { ERROR_CODES, isFailure } from '../core/errors.ts'

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  return isFailure(error) ? ERROR_CODES[error.code].exit : 1
}

/** Expected failures by their message; anything else is a fault of ours and shows its stack. */
export function reportFailure(error: unknown): void {
  // commander has said already what was wrong with the words
  if (error instanceof CommanderError) return
  if (isFailure(error)) console.error(`forewarn: ${error.message}`)
  else console.error(error)
}
