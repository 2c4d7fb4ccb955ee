/** A payload that can't be used → its record on the `dead-letters` topic (design 4.2): original bytes and key. */
import type { Headers, NewRecord } from './ports.ts'
import type { DeadLetter } from './records.ts'

/** Longest `detail` header; a message that quotes hostile input must not grow without bound. */
const DETAIL_LETTERS = 500

/**
 * @param topic full name of the dead-letter topic
 * @param more further headers: source-topic, source-partition, source-offset, received-at, index, truncated
 */
export function deadLetterRecord(
  topic: string,
  key: string | null,
  value: Uint8Array | null,
  { reason, detail, source }: DeadLetter,
  more: Headers,
): NewRecord {
  return { topic, key, value, headers: { reason, detail: detail.slice(0, DETAIL_LETTERS), source, ...more } }
}
