/**
 * The transaction coordinator of the simulated brokers: transactional id → producer id and epoch, and what its open
 * transaction has touched. As Kafka 4 does for clients that know no `transaction.version=2` (kafkajs): InitProducerId
 * ends what is open under the id and raises the epoch; EndTxn is answered before its markers are written.
 */

import type { TransactionOf } from '../../../src/eventlog/kafka-protocol.ts'
import { wireError } from '../../../src/eventlog/kafka-wire.ts'
import { CODE } from './code.ts'

/** Epochs of a producer id; Kafka has 32,767 and gives another id behind them. */
const MOST_EPOCH = 6
/** Turns of its timer after which an open transaction is given up (`transaction.timeout.ms`). */
const OPEN_TURNS = 150

type Phase = 'empty' | 'ongoing' | 'committing' | 'aborting' | 'committed' | 'aborted'

interface Transactional {
  producerId: string
  epoch: number
  phase: Phase
  /** Partitions (`topic/partition`) and groups. */
  readonly touched: Set<string>
  /** Counts transactions. */
  begun: number
}

/** Who a marker is written for. */
export interface Marker {
  readonly producerId: string
  readonly epoch: number
  readonly isCommit: boolean
}

export interface Coordinator {
  /** @param id `null`: a producer without transactions */
  init(id: string | null): { readonly producerId: string; readonly producerEpoch: number }
  /** Partitions, or groups, join the transaction; the first begins it. */
  add(of: TransactionOf, touched: readonly string[]): void
  end(of: TransactionOf, isCommit: boolean): void
  /** Whether a producer may write there in the transaction that is open: 0, or an error code. */
  verify(producerId: string, epoch: number, touched: string): number
  /** Transactional ids with an open transaction. */
  ongoing(): readonly string[]
  /** The transaction was open too long: it is aborted, its producer shut out. */
  timeOut(id: string): void
  /** All transactions have ended, with all markers. */
  isQuiet(): boolean
}

/**
 * @param later runs a task at some time
 * @param mark writes a marker to a partition or a group
 */
export function createCoordinator(
  later: (task: () => void) => void,
  mark: (touched: string, marker: Marker) => void,
): Coordinator {
  const known = new Map<string, Transactional>()
  let lastId = 1000
  const freshId = () => String(++lastId)

  /** The decision is made; the markers come one by one, and in any order. */
  function decide(one: Transactional, isCommit: boolean): void {
    const { producerId, epoch } = one
    one.phase = isCommit ? 'committing' : 'aborting'
    const waiting = new Set(one.touched)
    for (const touched of one.touched) {
      later(() => {
        mark(touched, { producerId, epoch, isCommit })
        waiting.delete(touched)
        if (waiting.size > 0) return
        one.phase = isCommit ? 'committed' : 'aborted'
        one.touched.clear()
      })
    }
    if (waiting.size === 0) one.phase = isCommit ? 'committed' : 'aborted'
  }

  function begin(one: Transactional): void {
    one.phase = 'ongoing'
    const begun = ++one.begun
    let turns = 0
    const watch = () => {
      if (one.phase !== 'ongoing' || one.begun !== begun) return
      if (++turns > OPEN_TURNS) fence(one)
      else later(watch)
    }
    later(watch)
  }

  function fence(one: Transactional): void {
    one.epoch++
    decide(one, false)
  }

  function ownerOf({ transactionalId, producerId, producerEpoch }: TransactionOf): Transactional {
    const one = known.get(transactionalId)
    if (one?.producerId !== producerId) throw wireError(CODE.INVALID_PRODUCER_ID_MAPPING)
    if (one.epoch !== producerEpoch) throw wireError(CODE.INVALID_PRODUCER_EPOCH)
    return one
  }

  return {
    init(id) {
      if (id === null) return { producerId: freshId(), producerEpoch: 0 }
      const one = known.get(id) ?? {
        producerId: freshId(),
        epoch: -1,
        phase: 'empty',
        touched: new Set(),
        begun: 0,
      }
      known.set(id, one)
      if (one.phase === 'ongoing') fence(one)
      if (isEnding(one)) throw wireError(CODE.CONCURRENT_TRANSACTIONS)
      if (one.epoch >= MOST_EPOCH) {
        one.producerId = freshId()
        one.epoch = -1
      }
      one.epoch++
      one.phase = 'empty'
      return { producerId: one.producerId, producerEpoch: one.epoch }
    },
    add(of, touched) {
      const one = ownerOf(of)
      if (isEnding(one)) throw wireError(CODE.CONCURRENT_TRANSACTIONS)
      if (one.phase !== 'ongoing') begin(one)
      for (const place of touched) one.touched.add(place)
    },
    end(of, isCommit) {
      const one = ownerOf(of)
      if (one.phase === 'ongoing') return decide(one, isCommit)
      if (one.phase === (isCommit ? 'committed' : 'aborted')) return
      const isSame = one.phase === (isCommit ? 'committing' : 'aborting')
      throw wireError(isSame ? CODE.CONCURRENT_TRANSACTIONS : CODE.INVALID_TXN_STATE)
    },
    verify(producerId, epoch, touched) {
      const one = [...known.values()].find((other) => other.producerId === producerId)
      if (one === undefined) return CODE.INVALID_PRODUCER_ID_MAPPING
      if (one.epoch !== epoch) return CODE.INVALID_PRODUCER_EPOCH
      return one.phase === 'ongoing' && one.touched.has(touched) ? 0 : CODE.INVALID_TXN_STATE
    },
    ongoing: () => [...known].filter(([, { phase }]) => phase === 'ongoing').map(([id]) => id),
    timeOut(id) {
      const one = known.get(id)
      if (one?.phase === 'ongoing') fence(one)
    },
    isQuiet: () => [...known.values()].every((one) => one.phase !== 'ongoing' && !isEnding(one)),
  }
}

function isEnding({ phase }: Transactional): boolean {
  return phase === 'committing' || phase === 'aborting'
}
