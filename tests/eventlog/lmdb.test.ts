/** The embedded log keeps the laws, and those that only a log on disk has. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type LmdbLogOptions, openLmdbLog } from '../../src/eventlog/lmdb.ts'
import { eventLogLaws } from './contract.ts'
import {
  catchUp,
  GROUP,
  hasty,
  type MakeSubject,
  PARTITIONS,
  readAll,
  reading,
  readTopic,
  received,
  record,
  shown,
  TOPICS,
} from './harness.ts'

const base: Omit<LmdbLogOptions, 'dir'> = {
  partitions: PARTITIONS,
  topics: TOPICS,
  group: GROUP,
  retentionMs: Number.POSITIVE_INFINITY,
  maxBytes: Number.POSITIVE_INFINITY,
  scheduler: hasty,
}

const make: MakeSubject = async (options = {}) => {
  const dir = mkdtempSync(join(tmpdir(), 'forewarn-log-'))
  const open = () => openLmdbLog({ ...base, ...options, dir })
  let log = await open()
  return {
    get log() {
      return log
    },
    async restart() {
      await log.close()
      log = await open()
    },
    retain: (nowMs) => log.retain(nowMs),
    async dispose() {
      await log.close()
      rmSync(dir, { recursive: true })
    },
  }
}

eventLogLaws('lmdb', make, { modelRuns: 40 })
