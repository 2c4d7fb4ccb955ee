/**
 * A consumer group on the simulated brokers: the classic protocol (join, sync, heartbeat, leave). A member that is silent
 * for several turns of its timer is given up; who has not joined again when the group has waited long enough, too.
 */

import type { JoinedGroup } from '../../../src/eventlog/kafka-protocol.ts'
import { wireError } from '../../../src/eventlog/kafka-wire.ts'
import { CODE } from './code.ts'

/** Turns of its timer that a member may be silent, and that a group waits for its members. */
const SILENT_TURNS = 8

interface Member {
  readonly id: string
  metadata: Buffer
  silentTurns: number
  joining: Answer<JoinedGroup> | null
  syncing: Answer<Synced> | null
  assignment: Buffer
}

interface Synced {
  readonly memberAssignment: Buffer
}

interface Answer<T> {
  resolve(answer: T): void
  reject(error: Error): void
}

export interface Group {
  join(memberId: string, metadata: Buffer): Promise<JoinedGroup>
  sync(memberId: string, generation: number, assigned: ReadonlyMap<string, Buffer>): Promise<Synced>
  beat(memberId: string, generation: number): void
  leave(memberId: string): void
  /** How often it was shared out. */
  generation(): number
}

interface State {
  readonly members: Map<string, Member>
  phase: 'empty' | 'preparing' | 'completing' | 'stable'
  generation: number
  leader: string
  lastId: number
  /** Runs a task at some time. */
  readonly later: (task: () => void) => void
}

export function createGroup(later: (task: () => void) => void): Group {
  const state: State = { members: new Map(), phase: 'empty', generation: 0, leader: '', lastId: 0, later }
  return {
    join: (memberId, metadata) => join(state, memberId, metadata),
    async sync(memberId, generation, assigned) {
      const member = memberOf(state, memberId, generation)
      if (state.phase === 'preparing') throw wireError(CODE.REBALANCE_IN_PROGRESS)
      if (state.phase === 'completing' && memberId === state.leader) shareOut(state, assigned)
      if (state.phase === 'stable') return { memberAssignment: member.assignment }
      giveUp(state, member.syncing)
      return new Promise((resolve, reject) => {
        member.syncing = { resolve, reject }
      })
    },
    beat(memberId, generation) {
      memberOf(state, memberId, generation)
      if (state.phase === 'preparing') throw wireError(CODE.REBALANCE_IN_PROGRESS)
    },
    leave(memberId) {
      if (!state.members.has(memberId)) throw wireError(CODE.UNKNOWN_MEMBER_ID)
      remove(state, memberId)
    },
    generation: () => state.generation,
  }
}

function memberOf(state: State, memberId: string, generation: number): Member {
  const member = state.members.get(memberId)
  if (member === undefined) throw wireError(CODE.UNKNOWN_MEMBER_ID)
  if (generation !== state.generation) throw wireError(CODE.ILLEGAL_GENERATION)
  member.silentTurns = 0
  return member
}

async function join(state: State, memberId: string, metadata: Buffer): Promise<JoinedGroup> {
  if (memberId !== '' && !state.members.has(memberId)) throw wireError(CODE.UNKNOWN_MEMBER_ID)
  const id = memberId === '' ? `member-${++state.lastId}` : memberId
  const member = state.members.get(id) ?? admit(state, id)
  member.metadata = metadata
  member.silentTurns = 0
  giveUp(state, member.joining)
  const joined = new Promise<JoinedGroup>((resolve, reject) => {
    member.joining = { resolve, reject }
  })
  if (state.phase !== 'preparing') prepare(state)
  else completeIfAllJoined(state)
  return joined
}

/** A coordinator forgets a request when the same comes again: its sender hears nothing until its time is over. */
function giveUp({ later }: State, answer: { reject(error: Error): void } | null): void {
  if (answer === null) return
  later(() => answer.reject(Object.assign(new Error('timed out'), { name: 'KafkaJSRequestTimeoutError' })))
}

function admit(state: State, id: string): Member {
  const member: Member = {
    id,
    metadata: Buffer.alloc(0),
    silentTurns: 0,
    joining: null,
    syncing: null,
    assignment: Buffer.alloc(0),
  }
  state.members.set(id, member)
  const watch = () => {
    if (state.members.get(id) !== member) return
    // Who waits for an answer of ours is there.
    const isWaiting = member.joining !== null || member.syncing !== null
    member.silentTurns = isWaiting ? 0 : member.silentTurns + 1
    if (member.silentTurns > SILENT_TURNS) remove(state, id)
    else state.later(watch)
  }
  state.later(watch)
  return member
}

/** The group is shared out anew: all must join again. */
function prepare(state: State): void {
  state.phase = 'preparing'
  for (const member of state.members.values()) {
    member.syncing?.reject(wireError(CODE.REBALANCE_IN_PROGRESS))
    member.syncing = null
  }
  const { generation } = state
  let turns = 0
  const goOn = () => {
    if (state.phase !== 'preparing' || state.generation !== generation) return
    if (++turns <= SILENT_TURNS) return state.later(goOn)
    for (const member of state.members.values()) if (member.joining === null) state.members.delete(member.id)
    completeIfAllJoined(state)
  }
  state.later(goOn)
  completeIfAllJoined(state)
}

function completeIfAllJoined(state: State): void {
  const members = [...state.members.values()]
  if (members.length === 0) {
    state.phase = 'empty'
    return
  }
  if (members.some(({ joining }) => joining === null)) return
  state.generation++
  state.phase = 'completing'
  state.leader = state.members.has(state.leader) ? state.leader : members[0]!.id
  const { generation: generationId, leader: leaderId } = state
  for (const member of members) {
    const told = member.id === leaderId ? members : []
    member.joining?.resolve({
      generationId,
      leaderId,
      memberId: member.id,
      members: told.map(({ id, metadata }) => ({ memberId: id, memberMetadata: metadata })),
    })
    member.joining = null
    member.silentTurns = 0
    member.assignment = Buffer.alloc(0)
  }
}

function shareOut(state: State, assigned: ReadonlyMap<string, Buffer>): void {
  state.phase = 'stable'
  for (const member of state.members.values()) {
    member.assignment = assigned.get(member.id) ?? Buffer.alloc(0)
    member.syncing?.resolve({ memberAssignment: member.assignment })
    member.syncing = null
  }
}

function remove(state: State, memberId: string): void {
  const member = state.members.get(memberId)
  member?.joining?.reject(wireError(CODE.UNKNOWN_MEMBER_ID))
  member?.syncing?.reject(wireError(CODE.UNKNOWN_MEMBER_ID))
  state.members.delete(memberId)
  if (state.phase === 'preparing') completeIfAllJoined(state)
  else prepare(state)
}
