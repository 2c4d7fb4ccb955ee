/**
 * The one way into the log for ingest, ticks and commands: gathers what they add into one append at a time,
 * in the order of adding, and tells each when its records are durable. When the log is full or can't be
 * written it keeps what it holds and tries again for ever; the gate then tells the sources to stop reading.
 */
import { type Failure, failure, isFailure } from '../core/errors.ts'
import type { EventLog, NewRecord } from '../core/ports.ts'
import { type BackOff, backOffMs, type Scheduler, systemScheduler } from './scheduler.ts'

/** Waits between attempts while the log is full or away. */
const RETRY: BackOff = { firstMs: 50, mostMs: 1000 }
/** The gate opens again when this share of the limits is held. */
const REOPEN_SHARE = 0.5
/** An append that takes longer is told as `log-unavailable`, while it is still waited for. */
const SLOW_MS = 10_000
/** What a record takes beside its value and key, about. */
const RECORD_BYTES = 64

export interface AppenderOptions {
  /** Records that close a gathering; a single larger add is never split. */
  readonly batchRecords: number
  /** Longest time that a record waits for others. */
  readonly waitMs: number
  /** Held records and bytes at which the gate closes. */
  readonly pendingRecords: number
  readonly pendingBytes: number
  /** The gate or `blocked` has changed. */
  readonly onChange?: () => void
  readonly scheduler?: Scheduler
}

export interface Appender {
  /**
   * The hot path: no promise. `done` is called in the order of adding, with `null` when the records are
   * durable, else with why they will never be. It must not throw.
   */
  add(records: readonly NewRecord[], done: (error: Error | null) => void): void
  /** The same as a promise. */
  append(records: readonly NewRecord[]): Promise<void>
  /** Why nothing is being written now: `log-full`, or `log-unavailable` (also: no answer); `null` = all is well. */
  blocked(): Failure | null
  /** Records and bytes that are held and not yet durable. */
  pending(): { readonly records: number; readonly bytes: number }
  /** False beyond the limits: the sources must add nothing that can wait. */
  open(): boolean
  /** Takes nothing more, writes what is held; what the log doesn't take then fails with its reason. */
  close(): Promise<void>
}

interface Added {
  readonly records: readonly NewRecord[]
  readonly bytes: number
  readonly done: (error: Error | null) => void
}

interface State {
  readonly log: Pick<EventLog, 'append'>
  readonly options: AppenderOptions
  readonly scheduler: Scheduler
  queue: Added[]
  queuedRecords: number
  records: number
  bytes: number
  open: boolean
  blocked: Failure | null
  closing: boolean
  /** Writing now; resolves when nothing is left. */
  writing: Promise<void> | null
  cancelTimer: (() => void) | null
  cancelRetry: (() => void) | null
}

export function createAppender(log: Pick<EventLog, 'append'>, options: AppenderOptions): Appender {
  const state: State = {
    log,
    options,
    scheduler: options.scheduler ?? systemScheduler,
    queue: [],
    queuedRecords: 0,
    records: 0,
    bytes: 0,
    open: true,
    blocked: null,
    closing: false,
    writing: null,
    cancelTimer: null,
    cancelRetry: null,
  }
  return {
    add: (records, done) => add(state, records, done),
    append: (records) =>
      new Promise((resolve, reject) => {
        add(state, records, (error) => (error === null ? resolve() : reject(error)))
      }),
    blocked: () => state.blocked,
    pending: () => ({ records: state.records, bytes: state.bytes }),
    open: () => state.open,
    async close() {
      state.closing = true
      state.cancelRetry?.()
      flush(state)
      await state.writing
    },
  }
}

function add(state: State, records: readonly NewRecord[], done: (error: Error | null) => void): void {
  if (state.closing) {
    done(failure('unavailable', 'the program is stopping, it takes nothing more'))
    return
  }
  let bytes = 0
  for (const { key, value } of records) bytes += RECORD_BYTES + (key?.length ?? 0) + (value?.length ?? 0)
  state.queue.push({ records, bytes, done })
  state.queuedRecords += records.length
  state.records += records.length
  state.bytes += bytes
  if (state.open) moveGate(state)
  if (state.writing === null) gather(state)
}

/** Writes when enough is held, else when the first has waited long enough. */
function gather(state: State): void {
  if (state.queuedRecords >= state.options.batchRecords || state.closing) flush(state)
  else state.cancelTimer ??= state.scheduler.after(state.options.waitMs, () => flush(state))
}

function flush(state: State): void {
  state.cancelTimer?.()
  state.cancelTimer = null
  if (state.writing !== null || state.queue.length === 0) return
  state.writing = writeFull(state)
}

/** Writes batch after batch while there is enough for one; the rest gathers on. */
async function writeFull(state: State): Promise<void> {
  do {
    const batch = takeBatch(state)
    const error = await write(state, batch.length === 1 ? batch[0]!.records : batch.flatMap(recordsOf))
    if (error !== null && batch.length > 1 && !isPassing(error)) await writeEach(state, batch)
    else for (const added of batch) finish(state, added, error)
  } while (state.queuedRecords >= state.options.batchRecords || (state.closing && state.queue.length > 0))
  state.writing = null
  if (state.queue.length > 0) gather(state)
}

function takeBatch(state: State): Added[] {
  let count = 0
  let records = 0
  while (count < state.queue.length && (count === 0 || records < state.options.batchRecords)) {
    records += state.queue[count++]!.records.length
  }
  state.queuedRecords -= records
  return state.queue.splice(0, count)
}

/** One of a batch is wrong: each by itself, so that only that one fails. */
async function writeEach(state: State, batch: readonly Added[]): Promise<void> {
  for (const added of batch) finish(state, added, await write(state, added.records))
}

/** Writes until the log takes it. Returns why it never will. */
async function write(state: State, records: readonly NewRecord[]): Promise<Error | null> {
  for (let failures = 0; ; failures++) {
    try {
      if (records.length > 0) await appendTold(state, records)
      setBlocked(state, null)
      return null
    } catch (error) {
      if (!(error instanceof Error)) return new Error(String(error))
      if (!isPassing(error) || state.closing) return error
      setBlocked(state, error)
      await retryLater(state, failures)
    }
  }
}

/** Appends; says so when the log does not answer. */
async function appendTold(state: State, records: readonly NewRecord[]): Promise<void> {
  const cancel = state.scheduler.after(SLOW_MS, () => {
    const text = `the log has not answered an append of ${records.length} records for ${SLOW_MS / 1000} s`
    setBlocked(state, failure('log-unavailable', text))
  })
  try {
    await state.log.append(records)
  } finally {
    cancel()
  }
}

/** Errors that room or the disk's return will end. */
function isPassing(error: Error): error is Failure {
  return isFailure(error, 'log-full') || isFailure(error, 'log-unavailable')
}

async function retryLater(state: State, failures: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const cancel = state.scheduler.after(backOffMs(RETRY, failures), resolve)
    state.cancelRetry = () => {
      cancel()
      resolve()
    }
  })
  state.cancelRetry = null
}

function finish(state: State, added: Added, error: Error | null): void {
  state.records -= added.records.length
  state.bytes -= added.bytes
  if (!state.open) moveGate(state)
  added.done(error)
}

function moveGate(state: State): void {
  const { pendingRecords, pendingBytes, onChange } = state.options
  const share = state.open ? 1 : REOPEN_SHARE
  const within = state.records <= pendingRecords * share && state.bytes <= pendingBytes * share
  if (within === state.open) return
  state.open = within
  onChange?.()
}

function setBlocked(state: State, blocked: Failure | null): void {
  const changed = state.blocked?.code !== blocked?.code
  state.blocked = blocked
  if (changed) state.options.onChange?.()
}

function recordsOf(added: Added): readonly NewRecord[] {
  return added.records
}
