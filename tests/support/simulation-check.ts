/** What stands on the topics at the end of a simulated run, against what an undisturbed worker makes of `readings`. */
import { unbalanced } from '../../src/core/balance.ts'
import type { LogRecord, NewRecord } from '../../src/core/ports.ts'
import type { AlertEvent, Score } from '../../src/core/records.ts'
import { INGEST, NO_DATA } from '../../src/core/silence.ts'
import { DEAD_LETTER_REASONS } from '../../src/core/topics.ts'
import type { WorkerFigures } from '../../src/engine/worker.ts'
import type { Archive } from './archive.ts'
import { type Outcome, recordText, stateText, undisturbed } from './undisturbed-worker.ts'
import type { World } from './world.ts'

/** Sentences about broken laws; none when all hold. */
export type Findings = readonly string[]

export interface Checked {
  readonly findings: Findings
  readonly readings: number
  readonly scores: number
  readonly alerts: number
  readonly silences: number
  readonly ingestDown: number
}

export async function checkOutcome(
  world: World,
  archive: Archive,
  figures: ReadonlyMap<number, WorkerFigures>,
): Promise<Checked> {
  const { topics, partitions } = world
  const findings: string[] = []
  const expected: NewRecord[] = []
  const counts = { readings: 0, scores: 0, alerts: 0, silences: 0, ingestDown: 0 }
  for (let partition = 0; partition < partitions; partition++) {
    const readings = archive.readings[partition]!
    const oracle = await undisturbed(world, partition, readings)
    expected.push(...oracle.emit)
    for (const topic of ['scores', 'alerts'] as const) {
      const committed = archive[topic][partition]!
      const wanted = oracle.emit.filter((record) => record.topic === topics[topic])
      findings.push(...difference(`${topic}/${partition}`, committed, wanted))
      findings.push(
        ...repeated(
          `${topic}/${partition}`,
          committed.flatMap((record) => identity(world, record)),
        ),
      )
      counts[topic] += committed.length
    }
    counts.readings += readings.length
    const silent = archive.alerts[partition]!.filter(({ value }) =>
      decoder.decode(value!).includes(`:${NO_DATA}:`),
    )
    counts.silences += silent.length
    counts.ingestDown += silent.filter(({ key }) => key === INGEST).length
    findings.push(...stateFindings(world, partition, readings.length, figures.get(partition), oracle.figures))
    findings.push(...balanceFindings(world, partition, readings, oracle))
  }
  findings.push(...deadLetterFindings(world, archive, expected))
  findings.push(...alertStateFindings(world, archive, expected))
  return { findings, ...counts }
}

type Text = Pick<NewRecord, 'key' | 'value' | 'headers'>

/** The first place at which two lists differ, if any; offsets must have no holes. */
function difference(name: string, committed: readonly Text[], wanted: readonly Text[]): string[] {
  const [ours, theirs] = [committed.map(recordText), wanted.map(recordText)]
  const at = ours.findIndex((text, i) => text !== theirs[i])
  if (at < 0 && ours.length === theirs.length) return []
  const place = at < 0 ? ours.length : at
  return [
    `${name}: ${ours.length} committed, ${theirs.length} wanted; at ${place} stands ${ours[place]}, wanted ${theirs[place]}`,
  ]
}

const decoder = new TextDecoder()

/** What may be there only once: an event's id; a window of an asset in a pipeline. Counted ones may share their times. */
function identity({ pipelines }: World, { value }: LogRecord): string[] {
  const record = JSON.parse(decoder.decode(value!)) as AlertEvent | Score
  if ('id' in record) return [record.id]
  const counted = pipelines.some(({ rules }) => rules.name === record.pipeline && 'count' in rules.window)
  return counted ? [] : [`${record.pipeline} ${record.asset} ${record.windowEnd}`]
}

function repeated(name: string, ids: readonly string[]): string[] {
  const seen = new Set<string>()
  return ids.flatMap((id) => {
    if (seen.has(id)) return [`${name}: ${id} is there twice`]
    seen.add(id)
    return []
  })
}

function stateFindings(
  world: World,
  partition: number,
  readings: number,
  ours: WorkerFigures | undefined,
  oracle: WorkerFigures,
): string[] {
  if (ours === undefined) return readings === 0 ? [] : [`partition ${partition}: nothing was ever committed`]
  const [state, wanted] = [stateText(world, ours), stateText(world, oracle)]
  const findings = state === wanted ? [] : [`state/${partition}: ${state}, wanted ${wanted}`]
  ours.partition.readings.forEach(({ decoded, windowed, late, duplicate, future }, i) => {
    if (decoded !== windowed + late + duplicate + future) {
      findings.push(`partition ${partition}: counters of pipeline ${i} do not balance`)
    }
  })
  return findings
}

/** What a sender was told to be durable and is not there. */
export function lostFindings(acknowledged: readonly Text[], readings: readonly Text[]): string[] {
  const there = new Map<string, number>()
  for (const text of readings.map(recordText)) there.set(text, (there.get(text) ?? 0) + 1)
  return acknowledged.map(recordText).flatMap((text) => {
    const count = there.get(text) ?? 0
    there.set(text, count - 1)
    return count > 0 ? [] : [`readings: acknowledged and lost: ${text}`]
  })
}

/** The balance of design 4.8, which holds at every commit. */
export function unbalancedFindings(figures: ReadonlyMap<number, WorkerFigures>): string[] {
  return [...figures].flatMap(([number, { partition }]) => {
    const missing = unbalanced(partition)
    return missing > 0 ? [`partition ${number}: ${missing} readings are in no count`] : []
  })
}

/** What the log holds against the counts: each reading is decoded, rejected or unassigned; each late one a dead letter. */
function balanceFindings(
  { topics }: World,
  partition: number,
  readings: readonly LogRecord[],
  { emit, figures }: Outcome,
): string[] {
  const { received, tallies } = figures.partition
  const findings: string[] = []
  const records = readings.filter(({ headers }) => headers.type === undefined).length
  if (received.records !== records) {
    findings.push(`partition ${partition}: ${records} readings in the log, ${received.records} counted`)
  }
  findings.push(...unbalancedFindings(new Map([[partition, figures]])))
  const letters = emit.filter(({ topic }) => topic === topics['dead-letters'])
  for (const reason of DEAD_LETTER_REASONS) {
    const found = letters.filter(({ headers }) => headers?.reason === reason).length
    const counted = tallies.get(`dead-letter/${reason}`) ?? 0
    if (found !== counted)
      findings.push(`partition ${partition}: ${found} letters ${reason}, ${counted} counted`)
  }
  return findings
}

/** They are partitioned by their own key, so only those from one partition of `readings` have an order. */
function deadLetterFindings(world: World, archive: Archive, expected: readonly NewRecord[]): string[] {
  const topic = world.topics['dead-letters']
  const committed = archive['dead-letters'].flat()
  const wanted = expected.filter((record) => record.topic === topic)
  const sorted = (records: readonly Text[]) =>
    records.toSorted((a, b) => placeOf(a) - placeOf(b) || (recordText(a) < recordText(b) ? -1 : 1))
  return difference('dead-letters', sorted(committed), sorted(wanted))
}

/** Partition and offset of the record that a dead letter is about, as one number. */
function placeOf({ headers }: Text): number {
  return Number(headers?.['source-partition']) * 1e9 + Number(headers?.['source-offset'])
}

/** Compacted: the last of each key. */
function alertStateFindings(world: World, archive: Archive, expected: readonly NewRecord[]): string[] {
  const topic = world.topics['alert-states']
  const committed = archive['alert-states'].flat()
  const latest = new Map(
    expected.filter((record) => record.topic === topic).map((record) => [record.key, record]),
  )
  const byKey = (records: Iterable<Text>) => [...records].sort((a, b) => (a.key! < b.key! ? -1 : 1))
  return difference('alert-states', byKey(committed), byKey(latest.values()))
}
