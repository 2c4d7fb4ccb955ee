/** What one worker makes of a partition's records when nothing disturbs it: the oracle of the engine's laws. */
import { createHash } from 'node:crypto'
import { partitionOf } from '../../src/core/murmur2.ts'
import { type Batch, EMPTY_HEADERS, type LogRecord, type NewRecord } from '../../src/core/ports.ts'
import { INGEST } from '../../src/core/silence.ts'
import { encodeState } from '../../src/core/state.ts'
import { createWorker, type Worker, type WorkerFigures } from '../../src/engine/worker.ts'
import type { World } from './world.ts'

export const GROUP = 'engine'

export interface Outcome {
  readonly emit: readonly NewRecord[]
  readonly figures: WorkerFigures
}

/** What a worker needs of a world; left out, there is one partition. */
type WorkersWorld = Pick<World, 'topics' | 'pipelines' | 'limits'> & Partial<Pick<World, 'partitions'>>

/** A worker that reports the figures of its last commit. */
export function observedWorker(
  { topics, pipelines, limits, partitions = 1 }: WorkersWorld,
  partition: number,
  committed: (figures: WorkerFigures) => void,
): Worker {
  const observer = { restored() {}, inferred() {}, committed }
  const ingestPartition = partitionOf(INGEST, partitions)
  return createWorker({ group: GROUP, partition, ingestPartition, topics, pipelines, limits, observer })
}

export function batchOf(
  topic: string,
  partition: number,
  records: readonly LogRecord[],
  replay = false,
): Batch {
  return { topic, partition, records, nextOffset: (records.at(-1)?.offset ?? -1) + 1, replay }
}

/** All records in one batch, from nothing. */
export async function undisturbed(
  world: WorkersWorld,
  partition: number,
  records: readonly LogRecord[],
): Promise<Outcome> {
  let figures: WorkerFigures | null = null
  const worker = observedWorker(world, partition, (seen) => {
    figures = seen
  })
  await worker.restore(stored(new Map()), 0)
  const batch = batchOf(world.topics.readings, partition, records)
  const { emit } = await worker.process(batch)
  worker.committed?.(batch)
  if (figures === null) throw new Error('the worker reported no figures')
  return { emit, figures }
}

/** Records of the state topic, for `restore`. */
export async function* stored(state: ReadonlyMap<string, Uint8Array>): AsyncGenerator<LogRecord[]> {
  for (const [key, value] of state) yield [{ offset: 0, timestamp: 0, key, value, headers: EMPTY_HEADERS }]
}

/** The counts, and a hash of the state's bytes; equal texts are equal states. */
export function stateText(world: Pick<World, 'pipelines'>, { partition }: WorkerFigures): string {
  const definitions = world.pipelines.map(({ definition }) => definition)
  const hash = createHash('sha256')
  for (const { key, value } of encodeState(partition, 0, definitions, 0).records)
    hash.update(key).update(value!)
  const { received, readings, closed, tickTs, elapsedMs } = partition
  const tallies = [...partition.tallies].sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify(
    { received, readings, closed, tallies, tickTs, elapsedMs, hash: hash.digest('hex') },
    null,
    1,
  )
}

const decoder = new TextDecoder()

/** A record as text: key, value and headers. */
export function recordText({
  key,
  value,
  headers = {},
}: Pick<NewRecord, 'key' | 'value' | 'headers'>): string {
  const sorted = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1))
  return `${key} ${value && decoder.decode(value)} ${JSON.stringify(sorted)}`
}
