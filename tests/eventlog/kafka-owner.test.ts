/** The owner of a partition commits once, though it learns only later what became of a commit. */
import { expect, test } from 'vitest'
import { failure } from '../../src/core/errors.ts'
import type { Commit } from '../../src/eventlog/followed.ts'
import { createOwner, type Owner, type PositionClient } from '../../src/eventlog/kafka-owner.ts'
import type { PositionCommit } from '../../src/eventlog/kafka-transaction.ts'

const COMMIT: Commit = {
  group: 'g',
  topic: 'readings',
  partition: 0,
  expected: 4,
  nextOffset: 5,
  keepFrom: 4,
  emit: [],
  state: [],
}

/** A coordinator that keeps a position, and what can go wrong on the way to it. */
function standIn() {
  const seen = {
    position: { offset: '4', metadata: 'keepFrom=4 mark=before' },
    commits: 0,
    /** The next commit is done, and its answer lost; or lost before it was done. */
    loses: null as 'answer' | 'request' | null,
    /** The position can't be read so often. */
    away: 0,
  }
  let isOpen = false
  const client: PositionClient = {
    settings: { requestTimeoutMs: 10 },
    persist: async (_doing, _ms, work) => work(),
    coordinator: async () => ({
      async offsetFetch() {
        if (seen.away-- > 0) throw failure('log-unavailable', 'the broker is away')
        return { responses: [{ topic: 'readings', partitions: [{ partition: 0, ...seen.position }] }] }
      },
    }),
  }
  const owner = createOwner({
    client,
    transactions: {
      async open() {
        isOpen = true
      },
      isOpen: () => isOpen,
      async commit(_slices: readonly object[], { offset, metadata }: PositionCommit) {
        const { loses } = seen
        seen.loses = null
        isOpen = loses === null
        if (loses !== 'request') {
          seen.commits++
          seen.position = { offset: String(offset), metadata }
        }
        if (loses !== null) throw new Error('closed')
      },
      untilSeen: async () => {},
    },
    group: 'g',
    topic: 'readings',
    partition: 0,
    table: new Map(),
    stateTopic: 'state',
    partitions: 1,
    confirm: async () => {},
  })
  return { owner, seen }
}

async function codeOf(owner: Owner): Promise<string> {
  return owner.commit(COMMIT).then(
    () => 'done',
    (error: { code?: string }) => error.code ?? String(error),
  )
}

test('a commit whose answer was lost is found by its mark', async () => {
  const { owner, seen } = standIn()
  await owner.acquire()
  seen.loses = 'answer'
  expect(await codeOf(owner)).toBe('done')
  expect(seen.commits).toBe(1)
})

test('a commit that was done is not done again though its position could not be read at once', async () => {
  const { owner, seen } = standIn()
  await owner.acquire()
  seen.loses = 'answer'
  seen.away = 1
  expect(await codeOf(owner)).toBe('log-unavailable')
  // The drive takes that for "nothing was written" and tries again: the transactions are open by now, and that says nothing.
  expect(await codeOf(owner)).toBe('conflict')
  expect(seen.commits).toBe(1)
})

test('a commit that was not done is done by the next attempt', async () => {
  const { owner, seen } = standIn()
  await owner.acquire()
  seen.loses = 'request'
  seen.away = 1
  expect(await codeOf(owner)).toBe('log-unavailable')
  expect(await codeOf(owner)).toBe('done')
  expect(seen.commits).toBe(1)
})
