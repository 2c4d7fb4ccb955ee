/**
 * The one lane on which everything is written: one transaction at a time, and what arrives meanwhile shares
 * the next one. So four partitions' commits and an append cost one sync of the disk.
 */
import { failure } from '../core/errors.ts'
import type { LmdbEnv } from './lmdb-env.ts'
import { createStage, type Stage, type Staged } from './lmdb-stage.ts'

/** Most requests in one transaction. */
const TRANSACTION_REQUESTS = 256
/** Bytes of records at which a transaction is closed. */
const TRANSACTION_BYTES = 16 * 1024 * 1024
/** Requests that may wait; more is a caller who doesn't wait for answers. */
const MOST_WAITING = 10_000

export interface Lane {
  /**
   * @param bytes about how much it writes
   * @param build adds to the transaction; a throw rejects this request alone and must come before any change
   * @returns what `build` returned, once the transaction is on disk
   */
  submit<T>(bytes: number, build: (stage: Stage) => T): Promise<T>
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
}

interface Request {
  readonly bytes: number
  /** Returns how to answer when the transaction is durable. */
  build(stage: Stage): () => void
  reject(error: unknown): void
}

/** @param applied takes over what a durable transaction changed, before anybody is answered */
export function createLane(env: LmdbEnv, now: () => number, applied: (staged: Staged) => void): Lane {
  const waiting: Request[] = []
  let running: Promise<void> | null = null

  async function run(): Promise<void> {
    while (waiting.length > 0) await transact(env, now(), takeRequests(waiting), applied)
    running = null
  }

  return {
    submit<T>(bytes: number, build: (stage: Stage) => T) {
      if (waiting.length >= MOST_WAITING) {
        return Promise.reject(failure('log-unavailable', `${MOST_WAITING} writes wait for the log already`))
      }
      return new Promise<T>((resolve, reject) => {
        const answered = (stage: Stage) => {
          const result = build(stage)
          return () => resolve(result)
        }
        waiting.push({ bytes, build: answered, reject })
        running ??= run()
      })
    },
    idle: async () => {
      await running
    },
  }
}

function takeRequests(waiting: Request[]): Request[] {
  let count = 0
  let bytes = 0
  while (count < waiting.length && count < TRANSACTION_REQUESTS) {
    bytes += waiting[count]!.bytes
    if (count > 0 && bytes > TRANSACTION_BYTES) break
    count++
  }
  return waiting.splice(0, count)
}

async function transact(
  env: LmdbEnv,
  timestamp: number,
  requests: readonly Request[],
  applied: (staged: Staged) => void,
): Promise<void> {
  const stage = createStage(env, timestamp)
  const answers: (() => void)[] = []
  const members: Request[] = []
  for (const request of requests) {
    try {
      answers.push(request.build(stage))
      members.push(request)
    } catch (error) {
      request.reject(error)
    }
  }
  try {
    const staged = stage.finish()
    if (staged.changes.length > 0) await env.write(staged.changes)
    applied(staged)
  } catch (error) {
    for (const request of members) request.reject(error)
    return
  }
  for (const answer of answers) answer()
}
