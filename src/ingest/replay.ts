/**
 * Dead letters once more: each that is chosen goes through today's format and config, and what is a reading now is
 * appended to `readings`. What is sent and the marks that say so are one commit (`EventLog.exclusively`): after
 * kill -9 at any instant a letter was sent and is marked, or neither; so it is sent once, on every log.
 */
import { deadLetterRecord, type RejectedPayload } from '../core/dead-letter.ts'
import {
  ATTEMPTS,
  chooses,
  type DeadLetter,
  type DeadLetterChoice,
  type DeadLetterPlace,
  placeText,
  REPLAYED_FROM,
  readDeadLetter,
} from '../core/dead-letter-view.ts'
import type { EventLog, LogRecord, NewRecord } from '../core/ports.ts'
import { type MarksReader, readMarks } from '../core/replay-marks.ts'
import type { TopicNames } from '../core/topics.ts'
import type { PayloadFormat } from './intake.ts'

/** A reading that comes back as a dead letter so often is not sent again: something else must be put right first. */
export const REPLAY_ATTEMPTS = 5
/** Refusals that a result lists; the others are counted. */
export const LISTED_REFUSALS = 100

export interface ReplayParts {
  readonly log: EventLog
  readonly topics: Pick<TopicNames, 'readings' | 'dead-letters' | 'state'>
  /** Group of the engine; the replay's name in the log is made of it. */
  readonly group: string
  readonly format: PayloadFormat
  /** True when a pipeline takes the asset. */
  assigned(asset: string): boolean
  /** The asset that an MQTT topic names today. */
  assetOf(topic: string): string | null
}

export interface ReplayRequest {
  readonly choice: DeadLetterChoice
  /** Go on here; null = at the first. */
  readonly cursor: DeadLetterPlace | null
  /** Most dead letters looked at before it returns with a cursor. */
  readonly most: number
}

export interface Refusal {
  /** PARTITION:OFFSET */
  readonly letter: string
  readonly detail: string
}

export interface Replayed {
  /** Dead letters that were sent, and the readings that were in them. */
  readonly sent: number
  readonly readings: number
  /** Elements of arrays that are dead letters of their own now. */
  readonly rejected: number
  /** Chosen, but sent before. */
  readonly already: number
  /** Chosen, but no readings today either: they stay as they are. */
  readonly refused: number
  readonly refusals: readonly Refusal[]
  /** Where to go on; null when all was looked at. */
  readonly next: DeadLetterPlace | null
}

type Counts = { -readonly [Key in keyof Omit<Replayed, 'refusals' | 'next'>]: number } & {
  refusals: Refusal[]
}

/** @throws what the log fails with; what was sent until then is marked, so the same request may be made again */
export async function replayDeadLetters(parts: ReplayParts, request: ReplayRequest): Promise<Replayed> {
  const { log, topics } = parts
  const wanted = chooses(request.choice)
  const total = noCounts()
  let looked = 0
  const bounds = await log.bounds(topics['dead-letters'])
  for (let partition = request.cursor?.partition ?? 0; partition < bounds.length; partition++) {
    const { start, end } = bounds[partition]!
    const from = partition === request.cursor?.partition ? Math.max(start, request.cursor.offset) : start
    for await (const records of log.read(topics['dead-letters'], partition, from, end)) {
      const letters = records.map((record) => readDeadLetter(partition, record)).filter(wanted)
      if (letters.length > 0) add(total, await sendOnce(parts, partition, start, letters))
      looked += records.length
      const offset = records[records.length - 1]!.offset + 1
      if (looked >= request.most && offset < end) return { ...total, next: { partition, offset } }
    }
    if (looked >= request.most && partition + 1 < bounds.length) {
      return { ...total, next: { partition: partition + 1, offset: 0 } }
    }
  }
  return { ...total, next: null }
}

/** Sends those that are not marked, and marks them, in one commit. */
async function sendOnce(
  parts: ReplayParts,
  partition: number,
  start: number,
  letters: readonly DeadLetter[],
): Promise<Counts> {
  const { log, topics, group } = parts
  let counts = noCounts()
  await log.exclusively(`${group}-replay`, partition, async (state) => {
    counts = noCounts()
    const marks = await takeMarks(partition, state)
    const emit: NewRecord[] = []
    for (const letter of letters) {
      if (marks.has(letter.offset)) {
        counts.already++
        continue
      }
      const again = sendAgain(parts, letter)
      if ('refused' in again) {
        counts.refused++
        counts.refusals.push({ letter: placeText(letter), detail: again.refused })
        continue
      }
      marks.add(letter.offset)
      counts.sent++
      counts.readings += again.readings
      counts.rejected += again.records.length - again.readings
      for (const record of again.records) emit.push(record)
    }
    const changes = emit.length === 0 ? [] : marks.changes(start)
    return { emit, state: changes.map((change) => ({ ...change, topic: topics.state, partition })) }
  })
  return counts
}

async function takeMarks(partition: number, state: AsyncIterable<readonly LogRecord[]>) {
  const reader: MarksReader = readMarks(partition)
  for await (const records of state) for (const record of records) reader.take(record)
  return reader.marks()
}

/** What a dead letter is today: records to write, of which `readings` are readings, or why it is none. */
export function sendAgain(
  parts: Omit<ReplayParts, 'log' | 'group'>,
  letter: DeadLetter,
): { readonly records: readonly NewRecord[]; readonly readings: number } | { readonly refused: string } {
  if (letter.truncated) {
    return { refused: `only its first ${letter.value.length} bytes were kept (header truncated)` }
  }
  if (letter.attempts >= REPLAY_ATTEMPTS) {
    return { refused: `it was sent ${letter.attempts} times and came back each time: ${letter.detail}` }
  }
  const { topics, format, assigned } = parts
  const headers = { [REPLAYED_FROM]: placeText(letter), [ATTEMPTS]: String(letter.attempts + 1) }
  const readings: NewRecord[] = []
  const rejected: RejectedPayload[] = []
  format.decode(
    letter.value,
    { asset: assetOf(parts, letter), receivedAt: letter.receivedAt },
    {
      reading(asset, value, index) {
        if (assigned(asset)) readings.push({ topic: topics.readings, key: asset, value, headers })
        else rejected.push(unassigned(asset, value, index))
      },
      letter: (fault) => rejected.push(fault),
    },
  )
  if (readings.length === 0) {
    const [first] = rejected
    return { refused: first ? `${first.reason}: ${first.detail}` : 'it holds no reading' }
  }
  const letters = rejected.map((fault) => {
    const record = deadLetterRecord(topics['dead-letters'], fault, originOf(letter))
    return { ...record, headers: { ...record.headers, ...headers } }
  })
  return { records: [...readings, ...letters], readings: readings.length }
}

/** The asset as far as it isn't in the payload: from the topic as the config reads it today, else the key of then. */
function assetOf({ assetOf }: Pick<ReplayParts, 'assetOf'>, letter: DeadLetter): string | null {
  if (letter.source === 'http') return null
  return (letter.source === 'mqtt' ? assetOf(letter.sourceTopic) : null) ?? letter.key
}

function unassigned(asset: string, value: Uint8Array, index: number | undefined): RejectedPayload {
  const fault = {
    reason: 'unassigned',
    detail: `no pipeline takes asset ${asset}`,
    key: asset,
    value,
  } as const
  return index === undefined ? fault : { ...fault, index }
}

function originOf({ source, sourceTopic, sourcePartition, sourceOffset, receivedAt }: DeadLetter) {
  return {
    source,
    topic: sourceTopic,
    receivedAt,
    ...(sourcePartition === null ? {} : { partition: sourcePartition }),
    ...(sourceOffset === null ? {} : { offset: sourceOffset }),
  }
}

function noCounts(): Counts {
  return { sent: 0, readings: 0, rejected: 0, already: 0, refused: 0, refusals: [] }
}

function add(total: Counts, more: Counts): void {
  total.sent += more.sent
  total.readings += more.readings
  total.rejected += more.rejected
  total.already += more.already
  total.refused += more.refused
  for (const refusal of more.refusals) {
    if (total.refusals.length < LISTED_REFUSALS) total.refusals.push(refusal)
  }
}
