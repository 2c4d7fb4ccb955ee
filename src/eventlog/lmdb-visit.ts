/**
 * Opens the embedded log for reading only, also while its owner is running: for `tail` and the like. Takes no
 * lock, writes nothing. Followers without a group work; they look for new records by polling, as the owner is
 * another process.
 */
import { failure } from '../core/errors.ts'
import type { EventLog } from '../core/ports.ts'
import type { FollowedLog } from './followed.ts'
import { createFollower, type DrivenFollower } from './follower.ts'
import { type LmdbEnv, openEnv } from './lmdb-env.ts'
import { envDir, readFolder } from './lmdb-folder.ts'
import { boundsIn } from './lmdb-partition.ts'
import { type Lookup, lookupShared, partitionOf, readingOf } from './lmdb-reading.ts'
import { readRange } from './range.ts'
import { type Scheduler, systemScheduler } from './scheduler.ts'

/** How often a visitor looks for new records. */
const POLL_MS = 250

export interface VisitOptions {
  /** Data folder. */
  readonly dir: string
  readonly scheduler?: Scheduler
}

/** Fails with `not-found` when there is no log in the folder, `log-version` when a newer program wrote it. */
export async function visitLmdbLog(options: VisitOptions): Promise<EventLog> {
  const { dir, scheduler = systemScheduler } = options
  const folder = readFolder(dir)
  if (folder === null) throw failure('not-found', `there is no log in ${dir} (log.dir)`)
  const { partitions } = folder
  const env = await openEnv(envDir(dir), true)
  const lookup = lookupShared(env, partitions)
  const followed = visitorOf(env, lookup, partitions, scheduler)
  const followers = new Set<DrivenFollower>()
  return {
    partitions,
    append: () => Promise.reject(readOnly('append')),
    follow(options) {
      if (options.group !== null) throw readOnly('commit as a group')
      lookup(options.topic)
      const follower = createFollower(followed, options, scheduler, () => followers.delete(follower))
      followers.add(follower)
      return follower
    },
    read(topic, partition, from, to) {
      const { end } = partitionOf(lookup, topic, partition)
      return readRange(followed, scheduler, topic, partition, from, to ?? end)
    },
    exclusively: () => Promise.reject(readOnly('write as the only one')),
    bounds: async (topic) => lookup(topic).map((at) => boundsIn(env, at)),
    async close() {
      await Promise.all([...followers].map((follower) => follower.stop()))
      await env.close()
    },
  }
}

function visitorOf(env: LmdbEnv, lookup: Lookup, partitions: number, scheduler: Scheduler): FollowedLog {
  return {
    partitions,
    ...readingOf(env, lookup, scheduler, ''),
    committed: () => null,
    commit: () => Promise.reject(readOnly('commit')),
    lease: () => {
      throw readOnly('commit as a group')
    },
    subscribe: (topic, grown) => poll(lookup, topic, scheduler, grown),
  }
}

function poll(
  lookup: Lookup,
  topic: string,
  scheduler: Scheduler,
  grown: (partition: number) => void,
): () => void {
  let ends = lookup(topic).map(({ end }) => end)
  const look = () => {
    const now = lookup(topic).map(({ end }) => end)
    now.forEach((end, partition) => {
      if (end !== ends[partition]) grown(partition)
    })
    ends = now
    cancel = scheduler.after(POLL_MS, look)
  }
  let cancel = scheduler.after(POLL_MS, look)
  return () => cancel()
}

function readOnly(what: string) {
  return failure('usage', `the log is open for reading only, it can't ${what}`)
}
