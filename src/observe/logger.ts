/**
 * The program's log: JSON lines, or readable lines on a terminal. Secrets never get in (`secrets.ts`).
 * It goes to stderr, so that what a command prints on stdout stays clean.
 */
import { type Logger as PinoLogger, pino } from 'pino'
import { formatLogLine } from './log-line.ts'
import { maskLine, maskText, maskValue } from './secrets.ts'

export type Logger = PinoLogger

/** Where lines go: `process.stderr` is one. */
export interface LogStream {
  write(text: string): unknown
  readonly isTTY?: boolean
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LoggerOptions {
  readonly level?: LogLevel
  /** Readable lines instead of JSON; by default on a terminal. */
  readonly readable?: boolean
  readonly colours?: boolean
  readonly stream?: LogStream
}

export function createLogger(options: LoggerOptions = {}): Logger {
  const stream = options.stream ?? process.stderr
  const readable = options.readable ?? stream.isTTY === true
  const colours = options.colours ?? (stream.isTTY === true && process.env.NO_COLOR === undefined)
  const write = readable
    ? (line: string) => stream.write(formatLogLine(maskLine(line), colours))
    : (line: string) => stream.write(maskLine(line))
  return pino(
    {
      level: options.level ?? 'info',
      base: null,
      // Errors are turned to plain data by the mask; pino's own serializer would look for a class.
      serializers: { err: maskValue },
      formatters: { log: maskRecord },
      hooks: {
        logMethod(args, method) {
          const masked = args.map((arg) => (typeof arg === 'string' ? maskText(arg) : arg))
          method.apply(this, masked as Parameters<typeof method>)
        },
      },
    },
    { write },
  )
}

function maskRecord(record: Record<string, unknown>): Record<string, unknown> {
  const masked = maskValue(record)
  return typeof masked === 'object' && masked !== null ? { ...masked } : record
}
