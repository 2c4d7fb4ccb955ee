/**
 * Membership in a consumer group: who owns which partitions, agreed by the members through the group's coordinator
 * (the classic protocol: join, sync, heartbeat).
 *
 * While the group shares out anew, members go on with what they have; who loses a partition hears so with the new
 * assignment. In between two may work on one partition, and the newer shuts the older out (`kafka-transaction.ts`), so
 * nothing counts twice, and a partition that stays where it is pauses not at all.
 */
import { failure } from '../core/errors.ts'
import { type Assignment, assignPartitions, type GroupMember } from './kafka-assign.ts'
import { type KafkaClient, pause } from './kafka-client.ts'
import { isPassing, typeOf } from './kafka-errors.ts'
import type { JoinedGroup, WireBroker } from './kafka-protocol.ts'
import type { Troubles } from './kafka-troubles.ts'
import { MemberAssignment, MemberMetadata } from './kafka-wire.ts'
import { type BackOff, backOffMs } from './scheduler.ts'

const GROUP = 0
/** Name of our way of sharing out; members with another one are kept out of the group by its coordinator. */
const PROTOCOL = 'forewarn-sticky'
const RETRY: BackOff = { firstMs: 50, mostMs: 2000 }
/** Heartbeats in a session, and the longest time between two: that is how soon a member learns of another. */
const HEARTBEATS = 10
const MOST_HEARTBEAT_MS = 500
/** Longest time that leaving may take: a member that does not leave is found missing later. */
const LEAVE_WITHIN_MS = 2000

export interface MemberOptions {
  readonly client: KafkaClient
  readonly group: string
  readonly topic: string
  readonly partitions: number
  readonly troubles: Troubles
  /** These partitions are ours from now on, and no others. */
  assigned(partitions: ReadonlySet<number>): void
  /** Joining failed (it goes on trying), or the group has given up on us. */
  onError(error: Error): void
}

export interface Member {
  /**
   * Asks the coordinator whether a partition is ours in the group as it is now.
   * @throws failure 'conflict' when it is not, 'log-unavailable' when it can't be told
   */
  confirm(partition: number): Promise<void>
  /** The group has said what is ours, be it nothing, and shares nothing out anew. */
  isSettled(): boolean
  /** Leaves the group. */
  close(): Promise<void>
}

interface State {
  readonly options: MemberOptions
  memberId: string
  generation: number
  owned: ReadonlySet<number>
  /** Resolves when the assignment of this generation is known. */
  settled: Promise<void>
  settle: () => void
  /** Ends the wait for the next heartbeat. */
  wake: () => void
  /** The group shares out anew: join again. */
  mustJoin: boolean
  closed: boolean
}

export function createMember(options: MemberOptions): Member {
  const state: State = {
    options,
    memberId: '',
    generation: -1,
    owned: new Set(),
    settled: Promise.resolve(),
    settle: () => {},
    wake: () => {},
    mustJoin: true,
    closed: false,
  }
  unsettle(state)
  const ended = live(state)
  return {
    confirm: (partition) => confirm(state, partition),
    isSettled: () => !state.mustJoin,
    async close() {
      state.closed = true
      state.settle()
      state.wake()
      const { client } = options
      await Promise.race([leave(state), pause(client.scheduler, LEAVE_WITHIN_MS)])
      options.troubles.clear(troubleOf(state))
      await client.close()
      await ended
    },
  }
}

function unsettle(state: State): void {
  state.settled = new Promise((resolve) => {
    state.settle = resolve
  })
}

async function live(state: State): Promise<void> {
  const { client, troubles } = state.options
  for (let failures = 0; !state.closed; ) {
    try {
      if (state.mustJoin) await join(state)
      else await beat(state)
      troubles.clear(troubleOf(state))
      failures = 0
    } catch (error) {
      if (state.closed) return
      failed(state, error)
      await pause(client.scheduler, backOffMs(RETRY, failures++))
      continue
    }
    if (!state.mustJoin) await nextBeat(state)
  }
}

async function join(state: State): Promise<void> {
  const { client, group, topic } = state.options
  const { sessionTimeoutMs } = client.settings
  const coordinator = await client.coordinator(GROUP, group)
  const claim = Buffer.from(JSON.stringify({ generation: state.generation, owned: [...state.owned] }))
  const joined = await coordinator.joinGroup({
    groupId: group,
    memberId: state.memberId,
    sessionTimeout: sessionTimeoutMs,
    rebalanceTimeout: sessionTimeoutMs,
    groupProtocols: [
      { name: PROTOCOL, metadata: MemberMetadata.encode({ version: 1, topics: [topic], userData: claim }) },
    ],
  })
  state.memberId = joined.memberId
  const { memberAssignment } = await coordinator.syncGroup({
    groupId: group,
    generationId: joined.generationId,
    memberId: joined.memberId,
    groupAssignment: joined.leaderId === joined.memberId ? shareOut(state, joined) : [],
  })
  if (state.closed) return
  state.generation = joined.generationId
  state.mustJoin = false
  own(state, new Set(MemberAssignment.decode(memberAssignment)?.assignment[topic] ?? []))
  state.settle()
}

/** As the leader. */
function shareOut({ options }: State, { members }: JoinedGroup) {
  const shares = assignPartitions(members.map(memberOf), options.partitions)
  return [...shares].map(([memberId, assignment]: [string, Assignment]) => ({
    memberId,
    memberAssignment: MemberAssignment.encode({ version: 1, assignment }),
  }))
}

function memberOf({ memberId, memberMetadata }: JoinedGroup['members'][number]): GroupMember {
  const { topics, userData } = MemberMetadata.decode(memberMetadata)
  const claim: { generation: number; owned: number[] } = JSON.parse(userData?.toString() || '{}')
  return { id: memberId, topics, owned: claim.owned ?? [], generation: claim.generation ?? -1 }
}

async function beat(state: State): Promise<void> {
  const { client, group } = state.options
  const coordinator = await client.coordinator(GROUP, group)
  await heartbeat(state, coordinator)
}

async function heartbeat(state: State, coordinator: WireBroker): Promise<void> {
  const { memberId, generation, options } = state
  await coordinator.heartbeat({ groupId: options.group, groupGenerationId: generation, memberId })
}

async function nextBeat(state: State): Promise<void> {
  const { client } = state.options
  const everyMs = Math.min(MOST_HEARTBEAT_MS, client.settings.sessionTimeoutMs / HEARTBEATS)
  await new Promise<void>((resolve) => {
    const cancel = client.scheduler.after(everyMs, resolve)
    state.wake = () => {
      cancel()
      resolve()
    }
  })
}

/** What an error of join, sync or heartbeat means for our membership. */
function failed(state: State, error: unknown): void {
  const { client, troubles, onError } = state.options
  const type = typeOf(error)
  if (type === 'REBALANCE_IN_PROGRESS') {
    mustJoin(state)
    return
  }
  if (type === 'UNKNOWN_MEMBER_ID' || type === 'ILLEGAL_GENERATION') {
    if (type === 'UNKNOWN_MEMBER_ID') state.memberId = ''
    const lost = [...state.owned]
    mustJoin(state)
    own(state, new Set())
    if (lost.length > 0) onError(givenUp(state, lost))
    return
  }
  client.forget()
  const explained = explainedOf(state, error, type)
  troubles.set(troubleOf(state), explained)
  if (!isPassing(error)) onError(explained)
}

function explainedOf({ options }: State, error: unknown, type: string): Error {
  const { client, group } = options
  if (type === 'INCONSISTENT_GROUP_PROTOCOL') {
    return failure(
      'config',
      `group ${group} has members of another program: give log.group a name of its own`,
    )
  }
  if (type === 'INVALID_SESSION_TIMEOUT') {
    return failure(
      'config',
      `log.kafka.sessionTimeout: ${client.settings.sessionTimeoutMs}ms is not within what the brokers take (group.min.session.timeout.ms, 6s by default, to group.max.session.timeout.ms)`,
    )
  }
  const right = { operation: 'Read', kind: 'group', name: group } as const
  return client.explain(error, { what: `as a member of group ${group}`, right })
}

function givenUp({ options }: State, lost: readonly number[]): Error {
  const { client, group, topic } = options
  return failure(
    'conflict',
    `group ${group} has given this member up after ${client.settings.sessionTimeoutMs} ms of silence (log.kafka.sessionTimeout): ` +
      `partitions ${lost.join(', ')} of ${topic} are others' now, what was in hand is dropped`,
  )
}

function mustJoin(state: State): void {
  if (state.mustJoin) return
  state.mustJoin = true
  unsettle(state)
  state.wake()
}

function own(state: State, partitions: ReadonlySet<number>): void {
  state.owned = partitions
  state.options.assigned(partitions)
}

async function confirm(state: State, partition: number): Promise<void> {
  const { client, group, topic } = state.options
  for (;;) {
    await state.settled
    if (state.closed) throw failure('unavailable', `this member has left group ${group}`)
    try {
      await beat(state)
    } catch (error) {
      const type = typeOf(error)
      failed(state, error)
      if (['REBALANCE_IN_PROGRESS', 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION'].includes(type)) continue
      throw client.explain(error, { what: `confirming ${topic}/${partition} as a member of group ${group}` })
    }
    if (state.owned.has(partition)) return
    throw failure('conflict', `${topic}/${partition} is another member's of group ${group} now`)
  }
}

async function leave({ options, memberId }: State): Promise<void> {
  const { client, group } = options
  if (memberId === '') return
  try {
    const coordinator = await client.coordinator(GROUP, group)
    await coordinator.leaveGroup({ groupId: group, memberId })
  } catch (error) {
    // The coordinator finds the member missing after the session's timeout; only others wait for that.
    if (!isPassing(error) && typeOf(error) !== 'UNKNOWN_MEMBER_ID')
      options.onError(client.explain(error, { what: 'leaving' }))
  }
}

function troubleOf({ options }: State): string {
  return `group ${options.group} of ${options.topic}`
}
