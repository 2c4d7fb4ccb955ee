/**
 * A payload that can't go on → its record on `dead-letters` (design 4.2): the original bytes as value, the
 * reason and the way back in headers. Ingest, HTTP and the engine all make theirs here.
 */
import type { NewRecord } from './ports.ts'
import type { DeadLetterReason } from './topics.ts'

/** Bytes kept of a payload that is too large. */
export const TRUNCATED_BYTES = 64 * 1024

/** Longest text in a header. */
const HEADER_LETTERS = 512

/** Where the payload came in. */
export interface DeadLetterOrigin {
  readonly source: 'mqtt' | 'kafka' | 'http'
  /** MQTT topic, Kafka topic or HTTP path. */
  readonly topic: string
  readonly partition?: number
  readonly offset?: number
  /** Epoch ms. */
  readonly receivedAt: number
}

/** What is wrong with which bytes. */
export interface RejectedPayload {
  readonly reason: DeadLetterReason
  /** Names what, where and what would be right. */
  readonly detail: string
  /** Asset id if one is known, the original key otherwise. */
  readonly key: string | null
  readonly value: Uint8Array
  /** Place in the array that the bytes were an element of. */
  readonly index?: number
  /** Only the first bytes were kept. */
  readonly truncated?: boolean
}

/** @param topic full name of the `dead-letters` topic */
export function deadLetterRecord(
  topic: string,
  rejected: RejectedPayload,
  origin: DeadLetterOrigin,
): NewRecord {
  const headers: Record<string, string> = {
    reason: rejected.reason,
    detail: rejected.detail.slice(0, HEADER_LETTERS),
    source: origin.source,
    'source-topic': origin.topic.slice(0, HEADER_LETTERS),
    'received-at': String(origin.receivedAt),
  }
  if (origin.partition !== undefined) headers['source-partition'] = String(origin.partition)
  if (origin.offset !== undefined) headers['source-offset'] = String(origin.offset)
  if (rejected.index !== undefined) headers.index = String(rejected.index)
  if (rejected.truncated) headers.truncated = 'true'
  return { topic, key: rejected.key, value: rejected.value, headers }
}
