/**
 * The end of a chaos run: the log is read once from its beginning, and everything on it is compared with what was
 * acknowledged and with what an undisturbed engine makes of it.
 */
import { loadPipelines } from '../app/pipelines.ts'
import type { Settings } from '../config/settings.ts'
import { failure } from '../core/errors.ts'
import type { EventLog, LogRecord } from '../core/ports.ts'
import { compare, type Difference, IDENTITY, isOfEngine, latestOf } from './comparison.ts'
import type { Load } from './load.ts'
import { createLogged, type Logged } from './logged.ts'
import { createReference, type ReferencePartition } from './reference.ts'
import { createWindowCounts, type WindowCounts } from './windows.ts'

export interface Verdict {
  /** What was compared: `acknowledged`, `windows`, `state` and the committed topics. */
  readonly differences: Readonly<Record<string, Difference>>
  /** Records that stand on each topic. */
  readonly records: Readonly<Record<string, number>>
  /** Messages that MQTT brought more than once. */
  readonly redelivered: number
}

export interface Witnessed {
  readonly load: Load
  readonly published: number
  readonly acknowledged: ReadonlySet<number>
  /** Ids of the commands that people were answered for. */
  readonly accepted: ReadonlySet<string>
}

/** Compared with the undisturbed run in their order. */
const ORDERED = ['scores', 'alerts'] as const
/** Compacted: the latest value of each key counts. */
const COMPACTED = ['alert-states', 'state'] as const

/** @param log as the disturbed run left it, drained */
export async function judgeLog(log: EventLog, settings: Settings, seen: Witnessed): Promise<Verdict> {
  const { topics } = settings.log
  const logged = createLogged(seen.load, seen.published)
  const [pipeline] = settings.pipelines
  if (!pipeline || !('sizeMs' in pipeline.window)) {
    throw failure('config', 'chaos needs a pipeline whose windows are of a time')
  }
  const windows = createWindowCounts(pipeline.name, pipeline.window.sizeMs)
  const { reference, readings } = await runReference(log, settings, logged, windows)

  const letters = (await recordsOf(log, topics['dead-letters'])).flat()
  const engineLetters = letters.filter(isOfEngine)
  logged.letters(letters.filter((record) => !isOfEngine(record)))
  windows.letters(engineLetters)
  const scores = await recordsOf(log, topics.scores)
  const committed = {
    scores,
    alerts: await recordsOf(log, topics.alerts),
    'alert-states': await recordsOf(log, topics['alert-states']),
    state: await recordsOf(log, topics.state),
  }
  const emitted = (topic: string) => reference.map(({ emit }) => emit.filter((one) => one.topic === topic))
  const differences: Record<string, Difference> = {
    acknowledged: logged.judge(seen.acknowledged, seen.accepted),
    windows: windows.judge(scores.flat()),
  }
  for (const topic of ORDERED) {
    const wanted = emitted(topics[topic]).flat()
    differences[topic] = compare(topic, committed[topic].flat(), wanted, IDENTITY[topic], true)
  }
  const wantedLetters = emitted(topics['dead-letters']).flat()
  differences['dead-letters'] = compare(
    'dead-letters',
    engineLetters,
    wantedLetters,
    IDENTITY['dead-letters'],
    false,
  )
  for (const topic of COMPACTED) {
    const wanted = topic === 'state' ? reference.flatMap(({ state }) => state) : emitted(topics[topic]).flat()
    const found = latestOf(committed[topic].flat())
    differences[topic] = compare(topic, found, latestOf(wanted), IDENTITY.key, false)
  }
  const records = { readings, 'dead-letters': letters.length, ...countsOf(committed) }
  return { differences, records, redelivered: logged.redelivered() }
}

/** Reads `readings` once, for all who want it. */
async function runReference(
  log: EventLog,
  settings: Settings,
  logged: Logged,
  windows: WindowCounts,
): Promise<{ reference: readonly ReferencePartition[]; readings: number }> {
  const { readings: topic } = settings.log.topics
  const { pipelines, dispose } = await loadPipelines(settings)
  try {
    const reference = await createReference(settings, pipelines, log.partitions)
    const bounds = await log.bounds(topic)
    let readings = 0
    for (const [partition, { start, end }] of bounds.entries()) {
      for await (const records of log.read(topic, partition, start, end)) {
        logged.readings(records)
        windows.readings(records)
        await reference.take(partition, records)
        readings += records.length
      }
    }
    return { reference: await reference.end(bounds.map(({ end }) => end)), readings }
  } finally {
    dispose()
  }
}

/** All records of a topic, by partition. */
async function recordsOf(log: EventLog, topic: string): Promise<LogRecord[][]> {
  const all: LogRecord[][] = []
  for (const [partition, { start, end }] of (await log.bounds(topic)).entries()) {
    const records: LogRecord[] = []
    for await (const chunk of log.read(topic, partition, start, end)) records.push(...chunk)
    all.push(records)
  }
  return all
}

function countsOf(
  topics: Readonly<Record<string, readonly (readonly LogRecord[])[]>>,
): Record<string, number> {
  return Object.fromEntries(Object.entries(topics).map(([topic, records]) => [topic, records.flat().length]))
}
