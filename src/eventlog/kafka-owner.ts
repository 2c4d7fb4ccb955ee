/**
 * The owner of an input partition: takes it over, and commits what its batches cause. The order that holds under
 * everything that can go wrong (decision 0005): ask the group whether the partition is ours, shut out earlier owners,
 * only then read the committed position; after any error of a commit the same again, to learn what the brokers did.
 */
import type { KafkaSettings } from '../config/settings.ts'
import { failure, isFailure, messageOf } from '../core/errors.ts'
import type { Commit } from './followed.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { CoordinatorType, WireBroker } from './kafka-protocol.ts'
import type { PositionCommit, Transactions } from './kafka-transaction.ts'
import { checkState, route, type Slice, type TopicTable } from './route.ts'

const GROUP = 0

/** What reading a position needs of a client. */
export interface PositionClient extends Pick<KafkaClient, 'persist'> {
  readonly settings: Pick<KafkaSettings, 'requestTimeoutMs'>
  coordinator(type: CoordinatorType, id: string): Promise<Pick<WireBroker, 'offsetFetch'>>
}

export interface OwnerOptions {
  readonly client: PositionClient
  readonly transactions: Transactions
  readonly group: string
  readonly topic: string
  readonly partition: number
  readonly table: TopicTable
  readonly stateTopic: string
  readonly partitions: number
  /** @throws when the partition is another member's, or that can't be told */
  confirm(): Promise<void>
}

export interface Owner {
  /** Takes the partition over. Returns the committed position, `null` when there is none. */
  acquire(): Promise<number | null>
  /** As in `followed.ts`; also when an answer was lost it is known at the end what is committed. */
  commit(commit: Commit): Promise<void>
  /** As in `kafka-transaction.ts`: who leaves in good order leaves nothing behind that is still to appear. */
  untilSeen(): Promise<void>
  /** The partition is no longer ours: nothing more is begun. */
  lose(): void
}

interface State {
  readonly options: OwnerOptions
  lost: boolean
  /** The position has been read since the transactions were opened; until then a commit of before may be done after all. */
  isSure: boolean
}

/** What is committed with a position, in its metadata: `keepFrom`, and a mark that tells this commit from others. */
export interface CommittedPosition {
  /** `null` before the first commit. */
  readonly offset: number | null
  readonly keepFrom: number
  readonly mark: string
}

export function createOwner(options: OwnerOptions): Owner {
  const state: State = { options, lost: false, isSure: false }
  return {
    acquire: async () => (await acquire(state)).offset,
    commit: (commit) => commitOnce(state, commit),
    untilSeen: () => options.transactions.untilSeen(),
    lose() {
      state.lost = true
    },
  }
}

/** The position of a group in a partition, as its coordinator has it. */
export async function committedPosition(
  client: PositionClient,
  group: string,
  topic: string,
  partition: number,
): Promise<CommittedPosition> {
  const right = { operation: 'Read', kind: 'group', name: group } as const
  return client.persist(
    { what: `reading the position of group ${group}`, right },
    client.settings.requestTimeoutMs,
    async () => {
      const coordinator = await client.coordinator(GROUP, group)
      const { responses } = await coordinator.offsetFetch({
        groupId: group,
        topics: [{ topic, partitions: [{ partition }] }],
      })
      const found = responses[0]?.partitions[0]
      const offset = Number(found?.offset ?? -1)
      if (offset < 0) return { offset: null, keepFrom: 0, mark: '' }
      // A position that another program committed has other metadata, or none.
      const [, keepFrom, mark] = /^keepFrom=([0-9]+) mark=(.*)$/.exec(found?.metadata ?? '') ?? []
      return { offset, keepFrom: keepFrom === undefined ? offset : Number(keepFrom), mark: mark ?? '' }
    },
  )
}

async function acquire(state: State): Promise<CommittedPosition> {
  const { client, transactions, group, topic, partition, confirm } = state.options
  checkOurs(state)
  await confirm()
  checkOurs(state)
  state.isSure = false
  await transactions.open()
  const found = await committedPosition(client, group, topic, partition)
  state.isSure = true
  return found
}

async function commitOnce(state: State, commit: Commit): Promise<void> {
  const { transactions } = state.options
  checkOurs(state)
  const slices = slicesOf(state.options, commit)
  const mark = `${process.pid}.${Date.now().toString(36)}.${marks++}`
  const position: PositionCommit = {
    group: commit.group,
    topic: commit.topic,
    partition: commit.partition,
    offset: commit.nextOffset,
    metadata: `keepFrom=${commit.keepFrom} mark=${mark}`,
  }
  if (!state.isSure || !transactions.isOpen()) await expect(state, commit)
  try {
    await transactions.commit(slices, position)
  } catch (error) {
    if (isFailure(error, 'input')) throw error
    const { mark: found } = await expect(state, commit, mark)
    if (found === mark) return
    throw failure('log-unavailable', `a commit failed, nothing of it was written: ${messageOf(error)}`, error)
  }
}

let marks = 0

/** Takes over anew, and checks that the position is where this commit begins, or that it is done (by its mark). */
async function expect(state: State, commit: Commit, mark?: string): Promise<CommittedPosition> {
  const found = await acquire(state)
  if (found.offset === commit.expected || found.mark === mark) return found
  const { group, topic, partition, expected } = commit
  throw failure(
    'conflict',
    `${group} is at ${found.offset} of ${topic}/${partition}, not at ${expected}: another member has gone on`,
  )
}

/** Effects and state by partition; one batch for each, as a topic may be among both. */
function slicesOf({ table, partitions, stateTopic }: OwnerOptions, commit: Commit): readonly Slice[] {
  const state = route(commit.state, table, partitions, commit.partition)
  checkState(state, stateTopic)
  const slices = route(commit.emit, table, partitions)
  for (const slice of state) {
    const same = slices.find(({ topic, partition }) => topic === slice.topic && partition === slice.partition)
    if (same === undefined) slices.push(slice)
    else same.records.push(...slice.records)
  }
  return slices
}

function checkOurs({ lost, options }: State): void {
  if (!lost) return
  const { group, topic, partition } = options
  throw failure('conflict', `${topic}/${partition} is another member's of group ${group} now`)
}
