/** The counts of readings that must balance (design 4.8): kept in the state of a partition, with each commit. */
import type { ReadingResult } from './asset.ts'
import type { Partition } from './partition.ts'

/** Readings of a pipeline by what became of them: `decoded = windowed + late + duplicate + future`. */
export type ReadingCounts = Record<ReadingResult | 'decoded', number>

/** Readings of the log by what became of them: `records = decoded + rejected + unassigned`. */
export type ReceivedCounts = Record<'records' | 'decoded' | 'rejected' | 'unassigned', number>

/** Readings that no count accounts for (design 4.8): 0, or a count is wrong. */
export function unbalanced({ received, readings }: Partition): number {
  const { records, decoded, rejected, unassigned } = received
  const missing = readings.map((of) => of.decoded - of.windowed - of.late - of.duplicate - of.future)
  return [records - decoded - rejected - unassigned, ...missing].reduce((sum, by) => sum + Math.abs(by), 0)
}
