/**
 * The transactions of one transactional id: effects, state and position, all or nothing. One per owned input partition,
 * so that a new owner of the partition shuts out the one before it (kafkajs can't tell the brokers the group's
 * generation, which would do it otherwise).
 *
 * Opening it (InitProducerId) raises the epoch: whatever an earlier owner, or we before an error, left unfinished is
 * ended by that, and nothing that is still on its way from them can count. After any error it must be opened again: an
 * answer that was lost tells nothing of what the brokers did.
 */
import type { KafkaCompression } from '../config/settings.ts'
import { failure } from '../core/errors.ts'
import { checkSizes, MOST_SEQUENCE, packRounds } from './kafka-batches.ts'
import { type KafkaClient, pause } from './kafka-client.ts'
import { isAway, isPassing, typeOf } from './kafka-errors.ts'
import { LATEST, offsetsAt } from './kafka-offsets.ts'
import { type Sending, sendAll } from './kafka-produce.ts'
import type { TransactionOf } from './kafka-protocol.ts'
import type { Slice } from './route.ts'
import { type BackOff, backOffMs } from './scheduler.ts'

const GROUP = 0
const TRANSACTION = 1
/**
 * Brokers finish a transaction after they have answered; the next one meets CONCURRENT_TRANSACTIONS for some
 * milliseconds. (kafkajs waits 300 ms then, which makes four transactions a second.)
 */
const NEXT_TRANSACTION: BackOff = { firstMs: 1, mostMs: 20 }
const MOVED: BackOff = { firstMs: 20, mostMs: 500 }
/** How often to look whether readers see a commit, and the longest time to wait for that. */
const SEEN_LOOK_MS = 5
const SEEN_WITHIN_MS = 2000

export interface TransactionsOptions {
  /** Connections that no other partition shares: brokers answer those of one connection one after another. */
  connect(): Promise<KafkaClient>
  readonly transactionalId: string
  readonly compression: KafkaCompression
  mostBytes(topic: string): number
  /** Epoch ms. */
  now(): number
}

/** A position that is committed with a transaction. */
export interface PositionCommit {
  readonly group: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly metadata: string
}

export interface Transactions {
  /** Ends what is unfinished under the id and takes it over. */
  open(): Promise<void>
  isOpen(): boolean
  /**
   * @throws failure 'input' before anything is sent; after any other error it is no longer open, and all or nothing of
   *   it is committed
   */
  commit(slices: readonly Slice[], position: PositionCommit): Promise<void>
  /** Resolves when readers see the last commit: a moment after it was answered, at the latest after 2 s. */
  untilSeen(): Promise<void>
}

/** Where what was written ends in a partition. */
interface WrittenEnd {
  readonly topic: string
  readonly partition: number
  readonly end: number
}

interface State {
  readonly options: TransactionsOptions
  /** `null`: to be opened. */
  owner: TransactionOf | null
  sequences: Map<string, number>
  /** Of the last commit. Those before it are seen: it could not have begun else. */
  written: readonly WrittenEnd[]
}

export function createTransactions(options: TransactionsOptions): Transactions {
  const state: State = { options, owner: null, sequences: new Map(), written: [] }
  return {
    open: () => open(state),
    isOpen: () => state.owner !== null,
    async commit(slices, position) {
      checkSizes(slices, options.mostBytes)
      const { owner } = state
      if (owner === null) throw failure('unavailable', `${options.transactionalId} is not open`)
      state.owner = null
      state.written = await commit(state, owner, slices, position)
      const isSpent = [...state.sequences.values()].some((sequence) => sequence > MOST_SEQUENCE)
      if (!isSpent) state.owner = owner
    },
    async untilSeen() {
      if (state.written.length === 0) return
      const client = await options.connect()
      // It is committed in any case; brokers that are away now show it later.
      await Promise.race([
        Promise.allSettled([seen(client, state.written)]),
        pause(client.scheduler, SEEN_WITHIN_MS),
      ])
    },
  }
}

/** Brokers answer a commit when it is certain, and only then write its end into each partition. */
async function seen(client: KafkaClient, written: readonly WrittenEnd[]): Promise<void> {
  for (const { topic, partition, end } of written) {
    for (;;) {
      const ends = await offsetsAt(client, topic, LATEST, [partition])
      if (ends.get(partition)! >= end) break
      await pause(client.scheduler, SEEN_LOOK_MS)
    }
  }
}

async function open(state: State): Promise<void> {
  const { connect, transactionalId } = state.options
  const client = await connect()
  const { transactionTimeoutMs } = client.settings
  state.owner = null
  const right = { operation: 'Write', kind: 'transactional-id', name: transactionalId } as const
  const opened = await client.persist(
    { what: `taking over ${transactionalId}`, right },
    transactionTimeoutMs,
    async () => {
      const coordinator = await client.coordinator(TRANSACTION, transactionalId)
      return coordinator.initProducerId({ transactionalId, transactionTimeout: transactionTimeoutMs })
    },
  )
  state.sequences = new Map()
  state.owner = { transactionalId, ...opened }
}

async function commit(
  state: State,
  owner: TransactionOf,
  slices: readonly Slice[],
  position: PositionCommit,
): Promise<readonly WrittenEnd[]> {
  const client = await state.options.connect()
  const deadline = performance.now() + client.settings.transactionTimeoutMs
  const coordinator = () => client.coordinator(TRANSACTION, owner.transactionalId)
  const topics = partitionsOf(slices)
  // The first request begins the transaction: it waits until the one before has ended.
  if (topics.length > 0) {
    await insistOn(client, deadline, async () =>
      (await coordinator()).addPartitionsToTxn({ ...owner, topics }),
    )
  }
  const written = await bothOf(
    produce(state, client, owner, slices, deadline),
    commitPosition(client, owner, position, deadline),
  )
  await (await coordinator()).endTxn({ ...owner, transactionResult: true })
  return written
}

async function produce(
  state: State,
  client: KafkaClient,
  owner: TransactionOf,
  slices: readonly Slice[],
  deadline: number,
): Promise<readonly WrittenEnd[]> {
  const { compression, mostBytes, now } = state.options
  const rounds = packRounds(slices, {
    writer: {
      producerId: BigInt(owner.producerId),
      producerEpoch: owner.producerEpoch,
      transactional: true,
    },
    sequences: state.sequences,
    timestamp: now(),
    compression,
    mostBytes,
  })
  const { transactionalId } = owner
  const tryAgain = (error: unknown) => isAnswered(error) && performance.now() < deadline
  const written = new Map<Sending, number>()
  for (const round of rounds) await sendAll(client, round, { transactionalId, tryAgain, written })
  return rounds.flat().map((batch) => ({
    topic: batch.topic,
    partition: batch.partition,
    end: written.get(batch)! + batch.count,
  }))
}

async function commitPosition(
  client: KafkaClient,
  owner: TransactionOf,
  { group, topic, partition, offset, metadata }: PositionCommit,
  deadline: number,
): Promise<void> {
  const of = { ...owner, groupId: group }
  await insistOn(client, deadline, async () => {
    const coordinator = await client.coordinator(TRANSACTION, owner.transactionalId)
    await coordinator.addOffsetsToTxn(of)
  })
  const topics = [{ topic, partitions: [{ partition, offset: String(offset), metadata }] }]
  await insistOn(client, deadline, async () => {
    const coordinator = await client.coordinator(GROUP, group)
    await coordinator.txnOffsetCommit({ ...of, topics })
  })
}

/** Asks again where a broker has said that it did nothing: it is busy with the transaction before, or is another one. */
async function insistOn(client: KafkaClient, deadline: number, ask: () => Promise<unknown>): Promise<void> {
  for (let failures = 0; ; failures++) {
    try {
      await ask()
      return
    } catch (error) {
      if (!isAnswered(error) || performance.now() >= deadline) throw error
      const isBusy = typeOf(error) === 'CONCURRENT_TRANSACTIONS'
      if (!isBusy) client.forget()
      await pause(client.scheduler, backOffMs(isBusy ? NEXT_TRANSACTION : MOVED, failures))
    }
  }
}

/** Without an answer the request may still arrive, after the transaction that it was for. */
function isAnswered(error: unknown): boolean {
  return isPassing(error) && !isAway(error)
}

/** Waits for both also when one fails: nothing may still be on its way when the transaction is given up. */
async function bothOf<Result>(first: Promise<Result>, second: Promise<void>): Promise<Result> {
  const [one, other] = await Promise.allSettled([first, second])
  if (one.status === 'rejected') throw one.reason
  if (other.status === 'rejected') throw other.reason
  return one.value
}

function partitionsOf(slices: readonly Slice[]): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of slices) {
    const partitions = topics.get(topic) ?? []
    topics.set(topic, partitions)
    if (!partitions.includes(partition)) partitions.push(partition)
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }))
}
