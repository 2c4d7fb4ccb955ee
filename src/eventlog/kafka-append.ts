/**
 * Appends from outside: one at a time through an idempotent producer. A producer that sends twice at once loses records
 * when an answer is lost (kafkajs: measured), so appends wait for each other here.
 *
 * What an append guarantees on Kafka: before anything is sent it may fail as a whole (`input`, `log-unavailable`). Once
 * something is sent it goes on until every batch is answered, however long the brokers are away, so nothing is lost or
 * doubled. Batches of several partitions are not one: readers may see one before another, and when this process dies in
 * the middle some may be written. Then nobody was told that they are durable, and whoever sends again doubles them.
 */
import type { KafkaCompression } from '../config/settings.ts'
import { failure } from '../core/errors.ts'
import type { Position } from '../core/ports.ts'
import { checkSizes, MOST_SEQUENCE, type Packed, type Packing, packRounds, repack } from './kafka-batches.ts'
import type { KafkaClient, LazyClient } from './kafka-client.ts'
import { typeOf } from './kafka-errors.ts'
import { type Sending, sendAll } from './kafka-produce.ts'
import type { Troubles } from './kafka-troubles.ts'
import type { Slice } from './route.ts'

/** The broker no longer knows our sequence numbers; a new producer begins at 0. */
const LOST_SEQUENCE = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
])

/** What no other time, leader or right would change. */
const WRONG_RECORDS = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'POLICY_VIOLATION',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
])

const TROUBLE = 'appending'

export interface AppendsOptions {
  readonly connection: LazyClient
  readonly compression: KafkaCompression
  readonly troubles: Troubles
  mostBytes(topic: string): number
  /** Epoch ms. */
  now(): number
}

export interface Appends {
  /** @param count records of all slices */
  append(slices: readonly Slice[], count: number): Promise<readonly Position[]>
  /** Ends what is under way; it fails then, and its records may be written. */
  close(): Promise<void>
}

interface Producer {
  readonly producerId: bigint
  readonly sequences: Map<string, number>
}

interface State {
  readonly options: AppendsOptions
  producer: Producer | null
  closed: boolean
}

export function createAppends(options: AppendsOptions): Appends {
  const state: State = { options, producer: null, closed: false }
  let last: Promise<unknown> = Promise.resolve()
  return {
    append(slices, count) {
      checkSizes(slices, options.mostBytes)
      const run = () => appendNow(state, slices, count)
      const appended = last.then(run, run)
      last = appended
      return appended
    },
    async close() {
      state.closed = true
      await options.connection.close()
    },
  }
}

async function appendNow(
  state: State,
  slices: readonly Slice[],
  count: number,
): Promise<readonly Position[]> {
  if (slices.length === 0) return []
  if (state.closed) throw failure('unavailable', 'the log is closed')
  const client = await state.options.connection.get()
  await checkReachable(client, slices)
  state.producer ??= await newProducer(client, client.settings.requestTimeoutMs)
  const positions = new Array<Position>(count)
  for (const round of packRounds(slices, packingOf(state, state.producer))) {
    for (const { batch, offset } of await sendRound(state, client, round)) note(positions, batch, offset)
  }
  if (Math.max(...(state.producer?.sequences.values() ?? [])) > MOST_SEQUENCE) state.producer = null
  return positions
}

/** Nothing has been sent yet, so brokers that are away fail the append as a whole. */
async function checkReachable(client: KafkaClient, slices: readonly Slice[]): Promise<void> {
  try {
    for (const { topic, partition } of slices) await client.leader(topic, partition)
  } catch (error) {
    client.forget()
    throw client.explain(error, { what: 'before appending' })
  }
}

async function newProducer(client: KafkaClient, withinMs: number): Promise<Producer> {
  const right = { operation: 'IdempotentWrite', kind: 'cluster', name: 'kafka-cluster' } as const
  const transactionTimeout = client.settings.transactionTimeoutMs
  const { producerId } = await client.persist({ what: 'becoming a producer', right }, withinMs, async () =>
    (await client.broker()).initProducerId({ transactionTimeout }),
  )
  return { producerId: BigInt(producerId), sequences: new Map() }
}

function packingOf({ options }: State, { producerId, sequences }: Producer): Packing {
  return {
    writer: { producerId, producerEpoch: 0, transactional: false },
    sequences,
    timestamp: options.now(),
    compression: options.compression,
    mostBytes: options.mostBytes,
  }
}

/** Sends a round until it is written, with a new producer where the old one's place is lost. */
async function sendRound(
  state: State,
  client: KafkaClient,
  round: readonly Packed[],
): Promise<readonly { readonly batch: Packed; readonly offset: number }[]> {
  const { troubles } = state.options
  const written = new Map<Sending, number>()
  let batches = round
  for (;;) {
    try {
      await sendAll(client, batches, {
        transactionalId: null,
        written,
        tryAgain: (error) => holdsOn(state, client, error),
      })
      troubles.clear(TROUBLE)
      return batches.map((batch) => ({ batch, offset: written.get(batch)! }))
    } catch (error) {
      // Later sequence numbers would not follow on from what the broker has.
      state.producer = null
      troubles.clear(TROUBLE)
      if (!LOST_SEQUENCE.has(typeOf(error)) || state.closed) throw ended(state, client, error)
      const producer = await newProducer(client, Number.POSITIVE_INFINITY)
      state.producer = producer
      const packing = packingOf(state, producer)
      batches = batches.map((batch) => (written.has(batch) ? batch : repack(batch, packing)))
    }
  }
}

function holdsOn(state: State, client: KafkaClient, error: unknown): boolean {
  const { troubles } = state.options
  const type = typeOf(error)
  if (state.closed || LOST_SEQUENCE.has(type) || WRONG_RECORDS.has(type)) return false
  troubles.set(TROUBLE, client.explain(error, { what: TROUBLE }))
  return true
}

function ended({ closed }: State, client: KafkaClient, error: unknown): Error {
  const type = typeOf(error)
  if (WRONG_RECORDS.has(type)) {
    return failure(
      'input',
      `Kafka does not take a record: ${String((error as Error).message)} (${type})`,
      error,
    )
  }
  const failed = client.explain(error, { what: TROUBLE })
  if (!closed) return failed
  return failure('unavailable', `closed before it was known what is written: ${failed.message}`, error)
}

function note(positions: Position[], { slice, start, count }: Packed, offset: number): void {
  const { topic, partition, places } = slice
  for (let i = 0; i < count; i++) positions[places[start + i]!] = { topic, partition, offset: offset + i }
}
