/** The life of a program that runs until it is told to stop: drain, commit, exit 0 within ten seconds. */
import type { App } from '../app/app.ts'
import { messageOf } from '../core/errors.ts'
import type { Logger } from '../observe/logger.ts'

/** Longest that a stop may take (design 4.1). */
const STOP_WITHIN_MS = 10_000

/**
 * Resolves when SIGINT or SIGTERM came, or the app was done by itself, and it has stopped. A second signal, or a
 * stop that takes too long, ends the process at once with status 1.
 */
export async function untilStopped(app: Pick<App, 'done' | 'stop'>, logger: Logger): Promise<void> {
  const signal = await Promise.race([nextSignal(), app.done.then(() => null)])
  if (signal !== null) logger.info(`${signal}: stopping`)
  const overdue = setTimeout(() => giveUp(logger, `not stopped within ${STOP_WITHIN_MS} ms`), STOP_WITHIN_MS)
  process.once('SIGINT', () => giveUp(logger, 'second signal'))
  process.once('SIGTERM', () => giveUp(logger, 'second signal'))
  try {
    await app.stop()
  } catch (error) {
    giveUp(logger, messageOf(error))
  }
  clearTimeout(overdue)
  // Sockets of clients that don't hang up must not hold the process.
  process.exit(0)
}

function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve('SIGINT'))
    process.once('SIGTERM', () => resolve('SIGTERM'))
  })
}

function giveUp(logger: Logger, why: string): never {
  logger.error(`stopped hard: ${why}`)
  process.exit(1)
}
