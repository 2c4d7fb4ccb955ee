/**
 * The lanes of all partitions, as one engine that owns the whole log has them. Files go through these, so that assets
 * meet the same others as in the stream: what sisters lend to each other depends on who shares a partition.
 */
import { partitionOf } from '../core/murmur2.ts'
import { INGEST } from '../core/silence.ts'
import { createLane, type Lane, type LaneOptions } from './lane.ts'

export type LanesOptions = Omit<LaneOptions, 'partition' | 'ingestPartition'>

/** @param partitions of the log (`log.partitions`) */
export function createLanes(options: LanesOptions, partitions: number): Lane[] {
  const ingestPartition = partitionOf(INGEST, partitions)
  return Array.from({ length: partitions }, (_, partition) =>
    createLane({ ...options, partition, ingestPartition }),
  )
}
