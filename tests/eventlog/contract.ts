/**
 * The laws of the event log, run for every adapter: what the engine, ingest and the sinks rely on.
 * `eventLogLaws` is called by the test file of each adapter.
 */
import { describe } from 'vitest'
import { appendLaws } from './contract-append.ts'
import { compactionLaws } from './contract-compaction.ts'
import { exclusiveLaws } from './contract-exclusive.ts'
import { failureLaws } from './contract-failures.ts'
import { followLaws } from './contract-follow.ts'
import { groupLaws } from './contract-group.ts'
import { modelLaws } from './contract-model.ts'
import { retentionLaws } from './contract-retention.ts'
import type { MakeSubject } from './harness.ts'

export interface Traits {
  /** Runs of the properties that restart the log: fewer where a restart is slow. */
  readonly modelRuns: number
  /** False where others (Kafka's brokers) know and bound the size of what is stored. */
  readonly boundsSize?: boolean
}

export function eventLogLaws(name: string, make: MakeSubject, traits: Traits): void {
  describe(`${name}: append and read`, () => appendLaws(make))
  describe(`${name}: compacted topics`, () => compactionLaws(make))
  describe(`${name}: follow`, () => followLaws(make))
  describe(`${name}: failures and endings`, () => failureLaws(make))
  describe(`${name}: exclusive work`, () => exclusiveLaws(make))
  describe(`${name}: groups`, () => groupLaws(make))
  describe(`${name}: retention`, () => retentionLaws(make, traits.boundsSize ?? true))
  describe(`${name}: against a model`, () => modelLaws(make, traits.modelRuns))
}
