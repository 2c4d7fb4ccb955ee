/**
 * The network between the processes and the simulated brokers, with all that it does to a request: it is lost, its answer
 * is lost, it arrives long after its sender has given up, a broker refuses it for now, or the sender dies over it.
 */
import type { Random } from '../../../simulators/random.ts'
import type { KafkaSettings } from '../../../src/config/settings.ts'
import { wireError } from '../../../src/eventlog/kafka-wire.ts'
import { isFenced } from '../fenced.ts'
import type { Lane } from '../turns.ts'
import { closedError, type Network } from './client.ts'
import type { Cluster } from './cluster.ts'
import { CODE } from './code.ts'

/** The last two kill. */
export const FAULTS = [
  'lost request',
  'lost answer',
  'late request',
  'refusal',
  'crash before',
  'crash after',
] as const
export type Fault = (typeof FAULTS)[number]

/** The requests of a commit, and the one before it. */
export const STEPS = [
  'InitProducerId',
  'AddPartitionsToTxn',
  'Produce',
  'AddOffsetsToTxn',
  'TxnOffsetCommit',
  'EndTxn',
] as const

const MOVED = [CODE.NOT_COORDINATOR, CODE.COORDINATOR_LOADING]
const REFUSALS: Readonly<Record<string, readonly number[]>> = {
  InitProducerId: [...MOVED, CODE.CONCURRENT_TRANSACTIONS],
  AddPartitionsToTxn: [...MOVED, CODE.CONCURRENT_TRANSACTIONS],
  AddOffsetsToTxn: [...MOVED, CODE.CONCURRENT_TRANSACTIONS],
  EndTxn: [...MOVED, CODE.CONCURRENT_TRANSACTIONS],
  TxnOffsetCommit: MOVED,
  OffsetFetch: MOVED,
  JoinGroup: MOVED,
  SyncGroup: MOVED,
  Heartbeat: MOVED,
  LeaveGroup: MOVED,
  Produce: [CODE.NOT_LEADER],
  Fetch: [CODE.NOT_LEADER],
  ListOffsets: [CODE.NOT_LEADER],
  DeleteRecords: [CODE.NOT_LEADER],
}
/** What happens to a request, by its part of the commit: the steps are what it is about. */
const STEP_RATE = 0.06
const OTHER_RATE = 0.01
/** Share of faults that kill the sender: the others say more. */
const CRASH_RATE = 0.15

export interface Trouble {
  readonly random: Random
  readonly cluster: Cluster
  /** Of the brokers: what is on its way to them. */
  readonly way: Lane
  /** Nothing goes wrong while false. */
  disturbing: boolean
  /** A broker that can't be reached. */
  awayNode: number | null
  /** How often each request met each fault. */
  readonly met: Map<string, number>
  /** Requests of who had been shut out. */
  fenced: number
}

/** @param crash kills the process that sends */
export function createNetwork(
  trouble: Trouble,
  lane: Lane,
  settings: KafkaSettings,
  crash: () => void,
): Network {
  const { random, way, cluster } = trouble
  const isCoin = () => random.below(2) === 0
  const there = async () => {
    if (isCoin()) await way.gate()
  }
  // A process that is stopped hears nothing until it goes on.
  const back = async () => {
    if (lane.isPaused() || isCoin()) await lane.gate()
  }
  return {
    cluster,
    settings,
    scheduler: lane.scheduler,
    givesUp: (failures) => trouble.disturbing && failures > 2 && random.below(3) === 0,
    async send(api, node, work) {
      const fault = trouble.awayNode === node ? 'lost request' : faultOf(trouble, api)
      if (fault === 'crash before') {
        crash()
        return lane.gate().then(unheard)
      }
      if (fault === 'crash after') crash()
      await there()
      if (fault === 'lost request' || fault === 'refusal') {
        await back()
        throw fault === 'refusal' ? refusal(random, api) : closedError()
      }
      if (fault === 'late request') {
        way.gate().then(work).then(unanswered, unanswered)
        await back()
        throw closedError()
      }
      const [end] = await Promise.allSettled([Promise.resolve().then(work)])
      await back()
      if (fault === 'lost answer') throw closedError()
      if (end.status === 'fulfilled') return end.value
      if (isFenced(end.reason)) trouble.fenced++
      throw end.reason
    },
  }
}

/** Of a request whose sender has long given up. */
function unanswered(): void {}

/** Of a process that died before it sent: its lane never lets it come here. */
function unheard(): never {
  throw new Error('a dead process went on')
}

function faultOf(trouble: Trouble, api: string): Fault | null {
  const { random, met, disturbing } = trouble
  const isStep = STEPS.some((step) => step === api)
  if (!disturbing || random.uniform() > (isStep ? STEP_RATE : OTHER_RATE)) return null
  const [first, most] = random.uniform() < CRASH_RATE ? [4, 2] : [0, 4]
  const fault = FAULTS[first + random.below(most)]!
  if (fault === 'refusal' && REFUSALS[api] === undefined) return null
  const name = `${api}: ${fault}`
  met.set(name, (met.get(name) ?? 0) + 1)
  return fault
}

function refusal(random: Random, api: string): Error {
  const codes = REFUSALS[api] ?? []
  return wireError(codes[random.below(codes.length)]!)
}
