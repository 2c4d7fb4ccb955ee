/** A restore that meets what does not fit: damaged, or only overtaken by another owner. */
import { expect, test } from 'vitest'
import { failure } from '../../src/core/errors.ts'
import type { Processor } from '../../src/core/ports.ts'
import type { FollowedLog } from '../../src/eventlog/followed.ts'
import { createFollower } from '../../src/eventlog/follower.ts'
import { systemScheduler } from '../../src/eventlog/scheduler.ts'

/** A log of one partition at its end, whose committed position is what `positions` says, one after another. */
function logAt(positions: readonly number[]): FollowedLog {
  let asked = 0
  return {
    partitions: 1,
    boundsOf: () => ({ start: 0, end: 26 }),
    committed: () => positions[Math.min(asked++, positions.length - 1)]!,
    take: (_topic, _partition, from) => ({ records: [], nextOffset: from }),
    async *states() {},
    async commit() {},
    subscribe: () => () => {},
    lease(_group, _topic, _partition, granted) {
      granted()
      return () => {}
    },
  }
}

/** Its state stands at 26: positions before that don't fit. */
function processor(restored: number[]): Processor {
  return {
    async restore(_state, committed) {
      restored.push(committed)
      if (committed < 26) throw failure('log-version', `the state is at 26, the position at ${committed}`)
      return 26
    },
    process: async ({ nextOffset }) => ({ emit: [], state: [], keepFrom: nextOffset }),
    async close() {},
  }
}

function follow(positions: readonly number[]) {
  const restored: number[] = []
  const errors: string[] = []
  const options = {
    topic: 'readings',
    group: 'engine',
    open: () => processor(restored),
    untilCaughtUp: true,
    onError: (error: Error) => errors.push(error.message),
  }
  const follower = createFollower(logAt(positions), options, systemScheduler, () => {})
  return { follower, restored, errors }
}

test('state ahead of a position that stays where it is: the log is damaged, following ends', async () => {
  const { follower, restored } = follow([0])
  await expect(follower.done).rejects.toMatchObject({ code: 'log-version' })
  expect(restored).toEqual([0])
})

test('state ahead of a position that another owner has moved meanwhile: once more, from there', async () => {
  const { follower, restored, errors } = follow([0, 26])
  await follower.done
  expect(restored).toEqual([0, 26])
  expect(errors).toEqual([
    'engine has gone from 0 to 26 of readings/0 while its state was read: another member has gone on',
  ])
})
