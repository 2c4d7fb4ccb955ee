/**
 * The undisturbed run: the same `readings` log, record by record with its offsets and times, through one worker per
 * partition that nobody kills. What it emits is what must have been committed.
 */
import type { Settings } from '../config/settings.ts'
import { EMPTY_HEADERS, type LogRecord, type NewRecord } from '../core/ports.ts'
import type { EnginePipeline } from '../engine/pipeline.ts'
import { createWorker } from '../engine/worker.ts'

export interface Reference {
  /** Takes the next records of a partition of `readings`. */
  take(partition: number, records: readonly LogRecord[]): Promise<void>
  /** Ends all partitions at these read positions. @returns everything that was emitted, and the last state */
  end(positions: readonly number[]): Promise<readonly ReferencePartition[]>
}

export interface ReferencePartition {
  /** For other topics, in order. */
  readonly emit: readonly NewRecord[]
  /** The last snapshots, records of the compacted topic `state`. */
  readonly state: readonly NewRecord[]
}

export async function createReference(
  { log, limits }: Pick<Settings, 'log' | 'limits'>,
  pipelines: readonly EnginePipeline[],
  partitions: number,
): Promise<Reference> {
  const observer = { restored() {}, inferred() {}, committed() {} }
  const lanes = Array.from({ length: partitions }, (_, partition) => ({
    worker: createWorker({ group: log.group, partition, topics: log.topics, pipelines, limits, observer }),
    emit: [] as NewRecord[],
    state: [] as NewRecord[],
  }))
  for (const { worker } of lanes) await worker.restore(nothing(), 0)
  return {
    async take(partition, records) {
      const { worker, emit, state } = lanes[partition]!
      const last = records.at(-1)
      if (last === undefined) return
      const batch = { topic: log.topics.readings, partition, records, replay: false }
      const effects = await worker.process({ ...batch, nextOffset: last.offset + 1 })
      for (const record of effects.emit) emit.push({ ...record, headers: record.headers ?? EMPTY_HEADERS })
      // The snapshot at the end may be one that was due: then nothing is left to conclude with.
      if (effects.state.length > 0) state.splice(0, state.length, ...effects.state)
    },
    async end(positions) {
      const ended: ReferencePartition[] = []
      for (const [partition, { worker, emit, state }] of lanes.entries()) {
        const effects = await worker.conclude?.(positions[partition]!)
        ended.push({ emit, state: [...state, ...(effects?.state ?? [])] })
        await worker.close()
      }
      return ended
    },
  }
}

/** An engine that begins has no state. */
async function* nothing(): AsyncGenerator<never> {}
