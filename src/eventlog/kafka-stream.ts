/**
 * Reads a partition onward for one follower: fetches ahead of it up to a limit (beyond it nothing is asked for, so a
 * slow processor slows the reading down), and at the end waits at the broker for more. What passes by itself (another
 * leader, a broker that restarts) is tried again here, so that it costs no processor its state.
 */
import { failure } from '../core/errors.ts'
import type { LogRecord, Records } from '../core/ports.ts'
import { storedBytesAtMost } from './codec.ts'
import type { Chunk, ChunkLimits } from './followed.ts'
import { readBatch, type SoundBatch } from './kafka-batch.ts'
import { type KafkaClient, pause } from './kafka-client.ts'
import { isPassing, typeOf } from './kafka-errors.ts'
import { type Fetched, fetchRequest } from './kafka-fetch.ts'
import type { WirePool } from './kafka-protocol.ts'
import { runOf } from './kafka-run.ts'
import type { Troubles } from './kafka-troubles.ts'
import { type BackOff, backOffMs } from './scheduler.ts'

/** Bytes asked for at once. */
const FETCH_BYTES = 2 * 1024 * 1024
/** Read ahead while fewer bytes than this wait for the follower. */
const AHEAD_BYTES = 3 * 1024 * 1024
/** Longest wait of a fetch at the broker, at the end of the partition. */
const WAIT_MS = 5000
const RETRY: BackOff = { firstMs: 20, mostMs: 1000 }

export interface StreamOptions {
  readonly client: Pick<KafkaClient, 'line' | 'forget' | 'explain' | 'scheduler'>
  readonly topic: string
  readonly partition: number
  readonly troubles: Troubles
  /** Something has come, or reading failed for good: `take` again. */
  readonly grown: () => void
}

export interface Stream {
  /**
   * As in `followed.ts`; at the end of the partition it answers none and begins to wait for more.
   * @throws failure 'not-found' when offsets are gone, and what does not pass by itself
   */
  take(from: number, to: number, limits: ChunkLimits): Promise<Chunk>
  /** Ends waiting: a `take` under way answers none. */
  close(): void
}

/** Everything of a stream. */
interface State {
  readonly options: StreamOptions
  /** Connection of its own; `null` before the first fetch and after a failed one. */
  line: WirePool | null
  /** Left of a batch of which a part was taken. */
  records: LogRecord[]
  /** Fetched behind them. Records are made when they are taken: until then they would be in the garbage collector's way. */
  ahead: SoundBatch[]
  /** Of the batches ahead. */
  bytes: number
  /** Position of the follower, and of the next fetch. */
  head: number
  next: number
  /** There is nothing committed behind `next`, as of the last fetch. */
  isAtEnd: boolean
  /** Counts jumps, so that an answer for an older position is dropped. */
  jumps: number
  fetching: Promise<void> | null
  error: unknown
  closed: boolean
  /** Resolves when it is closed. */
  readonly ended: Promise<void>
}

export function createStream(options: StreamOptions): Stream {
  let end = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  const state: State = {
    options,
    line: null,
    records: [],
    ahead: [],
    bytes: 0,
    head: -1,
    next: -1,
    isAtEnd: false,
    jumps: 0,
    fetching: null,
    error: null,
    closed: false,
    ended,
  }
  return {
    take: (from, to, limits) => take(state, from, to, limits),
    close() {
      state.closed = true
      state.options.troubles.clear(`reading ${options.topic}/${options.partition}`)
      end()
      dropLine(state)
    },
  }
}

async function take(state: State, from: number, to: number, limits: ChunkLimits): Promise<Chunk> {
  if (from !== state.head) jump(state, from)
  for (;;) {
    const { error } = state
    if (error !== null) {
      jump(state, from)
      throw error
    }
    const chunk = cutSoundly(state, from, to, limits)
    readAhead(state)
    if (chunk !== null) return chunk
    if (state.closed) return { records: [], nextOffset: from }
    if (state.isAtEnd) {
      // The fetch under way waits at the broker and rings when something comes.
      state.head = state.next
      return { records: [], nextOffset: state.next }
    }
    await Promise.race([state.fetching, state.ended])
  }
}

/** What can't be read is told as a fetch that failed would tell it, and the next attempt begins anew. */
function cutSoundly(state: State, from: number, to: number, limits: ChunkLimits): Chunk | null {
  try {
    return cut(state, to, limits)
  } catch (error) {
    jump(state, from)
    throw explained(state, error)
  }
}

/** Begins anew at another offset. */
function jump(state: State, from: number): void {
  state.jumps++
  state.head = from
  state.next = from
  state.records = []
  state.ahead = []
  state.bytes = 0
  state.isAtEnd = false
  state.error = null
  // An answer that still comes is for another place, and its line may wait for it a long time.
  if (state.fetching !== null) dropLine(state)
  state.fetching = null
}

/** What was fetched, as far as limits and `to` allow; `null` when more must be fetched first. */
function cut(state: State, to: number, limits: ChunkLimits): Chunk | null {
  while (state.records.length === 0 && state.ahead.length > 0) {
    const whole = takeWhole(state, to, limits)
    if (whole.length > 0) return chunkOf(state, runOf(whole), whole.at(-1)!.head.last, to)
    openFirst(state)
  }
  return cutOpened(state, to, limits)
}

/** The batches in front that a chunk may hold to the end. */
function takeWhole(state: State, to: number, limits: ChunkLimits): SoundBatch[] {
  const whole: SoundBatch[] = []
  let records = 0
  let bytes = 0
  for (const batch of state.ahead) {
    const { base, last, count } = batch.head
    records += count
    bytes += batch.bytes.length
    if (base < state.head || last >= to || records > limits.records || bytes > limits.bytes) break
    whole.push(batch)
  }
  state.ahead.splice(0, whole.length)
  for (const batch of whole) state.bytes -= batch.bytes.length
  return whole
}

/** Reads the batch in front, of which a part is wanted. */
function openFirst(state: State): void {
  const batch = state.ahead.shift()
  if (batch === undefined) return
  state.bytes -= batch.bytes.length
  readBatch(batch, state.head, state.records)
}

/** As much of a batch that was opened as limits and `to` allow. */
function cutOpened(state: State, to: number, limits: ChunkLimits): Chunk | null {
  const { records } = state
  let end = 0
  let bytes = 0
  for (; end < records.length && end < limits.records; end++) {
    const record = records[end]!
    if (record.offset >= to) break
    bytes += storedBytesAtMost(record)
    if (bytes > limits.bytes && end > 0) break
  }
  if (end === 0) {
    const reached = records.length > 0 || state.next >= to
    if (!reached) return null
    state.head = to
    return { records: [], nextOffset: to }
  }
  state.records = records.slice(end)
  const cut = end === records.length ? records : records.slice(0, end)
  return chunkOf(state, cut, records[end - 1]!.offset, to)
}

/** @param last offset that the records stand for; behind them all that is known is nobody's to read */
function chunkOf(state: State, records: Records, last: number, to: number): Chunk {
  const isAll = state.records.length === 0 && state.ahead.length === 0
  state.head = isAll ? Math.min(to, state.next) : last + 1
  return { records, nextOffset: state.head }
}

function readAhead(state: State): void {
  const isBusy = state.fetching !== null || state.closed || state.error !== null
  if (isBusy || state.bytes >= AHEAD_BYTES) return
  const { jumps } = state
  const fetching = fetchOn(state, jumps).then((hasNews) => {
    if (state.jumps !== jumps || state.closed) return
    state.fetching = null
    if (hasNews) state.options.grown()
    readAhead(state)
  })
  state.fetching = fetching
}

/** Fetches until something is answered. True when a `take` would now answer otherwise than before. */
async function fetchOn(state: State, jumps: number): Promise<boolean> {
  const { client, topic, partition, troubles } = state.options
  const name = `reading ${topic}/${partition}`
  const isWanted = () => !state.closed && state.jumps === jumps
  for (let failures = 0; isWanted(); failures++) {
    try {
      const fetched = await fetchOnce(state, isWanted)
      if (!isWanted()) return false
      troubles.clear(name)
      return taken(state, fetched)
    } catch (error) {
      if (!isWanted()) return false
      dropLine(state)
      client.forget()
      if (!isPassing(error)) {
        state.error = explained(state, error)
        return true
      }
      troubles.set(name, client.explain(error, { what: name }))
      await pause(client.scheduler, backOffMs(RETRY, failures))
    }
  }
  return false
}

async function fetchOnce(state: State, isWanted: () => boolean): Promise<Fetched> {
  const { client, topic, partition } = state.options
  const line = state.line ?? (await client.line(topic, partition))
  if (!isWanted()) throw new Error('no longer wanted')
  state.line = line
  const maxWaitMs = state.isAtEnd ? WAIT_MS : 0
  return line.send(fetchRequest({ topic, partition, offset: state.next, maxBytes: FETCH_BYTES, maxWaitMs }))
}

/** True when it brought something, or the position on. */
function taken(state: State, { batches, nextOffset, stable }: Fetched): boolean {
  for (const batch of batches) {
    state.ahead.push(batch)
    state.bytes += batch.bytes.length
  }
  const hasMoved = nextOffset > state.next
  const wasAtEnd = state.isAtEnd
  state.next = nextOffset
  state.isAtEnd = nextOffset >= stable
  return hasMoved || state.isAtEnd !== wasAtEnd
}

function explained(state: State, error: unknown): Error {
  const { client, topic, partition } = state.options
  if (typeOf(error) === 'OFFSET_OUT_OF_RANGE') {
    return failure(
      'not-found',
      `${topic}/${partition}: offset ${state.next} is not in the log any more; retention or a truncation removed it`,
      error,
    )
  }
  const right = { operation: 'Read', kind: 'topic', name: topic } as const
  return client.explain(error, { what: `reading ${topic}/${partition}`, right })
}

function dropLine(state: State): void {
  const { line } = state
  state.line = null
  line?.map((connection) => {
    connection.rejectRequests(new Error('no longer wanted'))
    return connection.disconnect()
  })
}
