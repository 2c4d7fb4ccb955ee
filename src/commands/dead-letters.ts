/**
 * `dead-letters list|show|replay`: what could not be used, why, and sending it again after a fix. Looking is done in
 * the log itself, also while its owner runs; replay owns the folder, or goes through the HTTP of whoever does (`--url`).
 */
import { once } from 'node:events'
import { type Replayed, replayerOf, replayForetold } from '../app/replay.ts'
import type { Settings } from '../config/settings.ts'
import {
  chooses,
  type DeadLetter,
  type DeadLetterChoice,
  type DeadLetterPlace,
  parsePlace,
  readDeadLetter,
} from '../core/dead-letter-view.ts'
import { failure, isFailure } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import type { EventLog } from '../core/ports.ts'
import { type ReplayMarks, readMarks } from '../core/replay-marks.ts'
import { DEAD_LETTER_REASONS } from '../core/topics.ts'
import { openEventLog } from '../eventlog/open.ts'
import { configOf, kafkaFlags } from './config.ts'
import { countsText, jsonOf, letterText, rowOf } from './letters-view.ts'
import { replayByHttp } from './replay-http.ts'
import { toTheEnd } from './replay-steps.ts'
import { timeOf } from './time-option.ts'

export interface LogOptions {
  readonly config?: string
  readonly data?: string
  readonly kafka?: string
}

export interface ChoiceOptions {
  readonly reason?: readonly string[]
  readonly asset?: string
  readonly from?: string
  readonly to?: string
}

export interface ReplayOptions extends LogOptions, ChoiceOptions {
  readonly all?: boolean
  readonly url?: string
}

/** Dead letters that one step of a replay looks at. */
const STEP_LETTERS = 50_000

export async function listDeadLetters(
  options: LogOptions & ChoiceOptions & { readonly json?: boolean; readonly counts?: boolean },
): Promise<void> {
  const wanted = chooses(choiceOf(options))
  const settings = settingsOf(options)
  const counts = new Map<string, number>()
  await look(settings, async (log) => {
    for await (const { letter, marks } of lettersOf(log, settings)) {
      if (!wanted(letter)) continue
      counts.set(letter.reason, (counts.get(letter.reason) ?? 0) + 1)
      if (options.counts) continue
      const isSent = marks.has(letter.offset)
      await print(options.json ? jsonOf(letter, isSent) : rowOf(letter, isSent))
    }
  })
  if (options.json && options.counts) await print(JSON.stringify(Object.fromEntries(counts)))
  else if (options.json) console.error(countsText(counts))
  else await print(countsText(counts))
}

export async function showDeadLetter(place: string, options: LogOptions): Promise<void> {
  const { partition, offset } = placeOf(place)
  const settings = settingsOf(options)
  await look(settings, async (log) => {
    const topic = settings.log.topics['dead-letters']
    const { start, end } = (await log.bounds(topic))[partition] ?? { start: 0, end: 0 }
    const marks = await marksOf(log, settings, partition)
    if (offset >= start && offset < end) {
      for await (const [record] of log.read(topic, partition, offset, offset + 1)) {
        if (!record) continue
        const letter = readDeadLetter(partition, record)
        await print(letterText(letter, marks.has(offset), replayForetold(settings, letter)))
        return
      }
    }
    throw failure(
      'not-found',
      `there is no dead letter ${place}; partition ${partition} holds ${start} to ${end - 1}`,
    )
  })
}

/** @param places only these; none = by the other choices */
export async function replay(places: readonly string[], options: ReplayOptions): Promise<void> {
  const choice = { ...choiceOf(options), ...(places.length > 0 ? { places: places.map(checkedPlace) } : {}) }
  if (Object.keys(choice).length === 0 && !options.all) {
    throw failure(
      'usage',
      'which dead letters? name some (PARTITION:OFFSET), choose by --reason, --asset, --from, --to, or say --all',
    )
  }
  const settings = settingsOf(options)
  const total = options.url
    ? await replayByHttp(options.url, settings.http.token, choice)
    : await replayHere(settings, choice)
  for (const { letter, detail } of total.refusals) console.error(`${letter}: ${detail}`)
  await print(
    `${total.sent} dead letters sent again, ${total.readings} readings; ${total.already} were sent before, ` +
      `${total.refused} refused${total.rejected > 0 ? `, ${total.rejected} elements are dead letters of their own now` : ''}`,
  )
}

async function replayHere(settings: Settings, choice: DeadLetterChoice): Promise<Replayed> {
  // A look first: to open a folder as its owner would make one where there is none.
  await look(settings, async () => {})
  const log = await ownLog(settings)
  try {
    const step = replayerOf(settings, log)
    return await toTheEnd((cursor) => step({ choice, cursor, most: STEP_LETTERS }))
  } finally {
    await log.close()
  }
}

async function ownLog(settings: Settings): Promise<EventLog> {
  try {
    return await openEventLog(settings.log)
  } catch (error) {
    if (!isFailure(error, 'log-locked')) throw error
    throw failure(
      'log-locked',
      `${error.message}; or go through it: --url http://HOST:PORT of its API`,
      error,
    )
  }
}

async function look(settings: Settings, work: (log: EventLog) => Promise<void>): Promise<void> {
  const log = await openEventLog(settings.log, { readOnly: true })
  try {
    await work(log)
  } finally {
    await log.close()
  }
}

async function* lettersOf(
  log: EventLog,
  settings: Settings,
): AsyncGenerator<{ readonly letter: DeadLetter; readonly marks: ReplayMarks }> {
  const topic = settings.log.topics['dead-letters']
  for (const [partition, { start, end }] of (await log.bounds(topic)).entries()) {
    if (start === end) continue
    const marks = await marksOf(log, settings, partition)
    for await (const records of log.read(topic, partition, start, end)) {
      for (const record of records) yield { letter: readDeadLetter(partition, record), marks }
    }
  }
}

async function marksOf(
  log: EventLog,
  { log: { topics } }: Settings,
  partition: number,
): Promise<ReplayMarks> {
  const reader = readMarks(partition)
  const { start, end } = (await log.bounds(topics.state))[partition] ?? { start: 0, end: 0 }
  for await (const records of log.read(topics.state, partition, start, end)) {
    for (const record of records) reader.take(record)
  }
  return reader.marks()
}

function settingsOf({ data, kafka, ...options }: LogOptions): Settings {
  return configOf(options, { 'log.dir': data, ...kafkaFlags(kafka) }).settings
}

function choiceOf({ reason, asset, from, to }: ChoiceOptions): DeadLetterChoice {
  for (const given of reason ?? []) checkReason(given)
  return {
    ...(reason && { reasons: reason }),
    ...(asset !== undefined && { asset }),
    ...(from !== undefined && { fromMs: timeOf('--from', from) }),
    ...(to !== undefined && { toMs: timeOf('--to', to) }),
  }
}

function checkReason(reason: string): void {
  const known: readonly string[] = DEAD_LETTER_REASONS
  if (known.includes(reason)) return
  const near = nearest(reason, known)
  throw failure(
    'usage',
    `no reason ${reason}; ${near ? `did you mean ${near}?` : `there are ${known.join(', ')}`}`,
  )
}

function placeOf(text: string): DeadLetterPlace {
  const place = parsePlace(text)
  if (place !== null) return place
  throw failure('usage', `${text} names no dead letter; write PARTITION:OFFSET, as list shows it`)
}

function checkedPlace(text: string): string {
  placeOf(text)
  return text
}

async function print(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain')
}
