/**
 * A record of `dead-letters` as people and `replay` see it, and the choice of some of them by reason, asset, time or
 * place. The other half of `dead-letter.ts`, which writes them.
 */
import type { DeadLetterOrigin } from './dead-letter.ts'
import { assetPattern } from './match.ts'
import type { LogRecord } from './ports.ts'

/** Partition and offset on the `dead-letters` topic: the name of a dead letter. */
export interface DeadLetterPlace {
  readonly partition: number
  readonly offset: number
}

export interface DeadLetter extends DeadLetterPlace {
  readonly reason: string
  readonly detail: string
  /** Asset id if one was known, the original key otherwise. */
  readonly key: string | null
  readonly source: DeadLetterOrigin['source']
  readonly sourceTopic: string
  readonly sourcePartition: number | null
  readonly sourceOffset: number | null
  /** Epoch ms at which the payload came in. */
  readonly receivedAt: number
  readonly index: number | null
  readonly truncated: boolean
  /** How often it was sent again before it came here. */
  readonly attempts: number
  /** The dead letter that it was before. */
  readonly replayedFrom: string | null
  readonly value: Uint8Array
}

/** Headers of readings that were dead letters once, and of what becomes of them. */
export const REPLAYED_FROM = 'replayed-from'
export const ATTEMPTS = 'attempts'

const NO_BYTES = new Uint8Array(0)

export function readDeadLetter(partition: number, record: LogRecord): DeadLetter {
  const { headers, offset, key, value, timestamp } = record
  const { source } = headers
  return {
    partition,
    offset,
    reason: headers.reason ?? '',
    detail: headers.detail ?? '',
    key,
    source: source === 'mqtt' || source === 'http' ? source : 'kafka',
    sourceTopic: headers['source-topic'] ?? '',
    sourcePartition: whole(headers['source-partition']),
    sourceOffset: whole(headers['source-offset']),
    receivedAt: whole(headers['received-at']) ?? timestamp,
    index: whole(headers.index),
    truncated: headers.truncated === 'true',
    attempts: whole(headers[ATTEMPTS]) ?? 0,
    replayedFrom: headers[REPLAYED_FROM] ?? null,
    value: value ?? NO_BYTES,
  }
}

function whole(text: string | undefined): number | null {
  return text !== undefined && /^[0-9]{1,16}$/.test(text) ? Number(text) : null
}

/** Which dead letters; what is left out chooses nothing. */
export interface DeadLetterChoice {
  readonly reasons?: readonly string[]
  /** Pattern of asset ids, as in the config. */
  readonly asset?: string
  /** Epoch ms: received at this time or later, and before that one. */
  readonly fromMs?: number
  readonly toMs?: number
  /** Only these, as `PARTITION:OFFSET`. */
  readonly places?: readonly string[]
}

/** @returns the test of a choice */
export function chooses(choice: DeadLetterChoice): (letter: DeadLetter) => boolean {
  const reasons = choice.reasons && new Set(choice.reasons)
  const places = choice.places && new Set(choice.places)
  const takes = choice.asset === undefined ? null : assetPattern(choice.asset)
  const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY } = choice
  return (letter) =>
    (reasons?.has(letter.reason) ?? true) &&
    (places?.has(placeText(letter)) ?? true) &&
    (takes === null || (letter.key !== null && takes(letter.key))) &&
    letter.receivedAt >= fromMs &&
    letter.receivedAt < toMs
}

export function placeText({ partition, offset }: DeadLetterPlace): string {
  return `${partition}:${offset}`
}

/** @returns null when the text is not `PARTITION:OFFSET` */
export function parsePlace(text: string): DeadLetterPlace | null {
  const [, partition, offset] = /^([0-9]{1,5}):([0-9]{1,16})$/.exec(text) ?? []
  return partition === undefined || offset === undefined
    ? null
    : { partition: Number(partition), offset: Number(offset) }
}
