/** What the engine has written, read back by who compares: bytes of `scores` and `alerts` → score, alert event. */
import { Compile } from 'typebox/compile'
import { AlertEvent, Score } from '../core/records.ts'

const scoreSchema = Compile(Score)
const eventSchema = Compile(AlertEvent)
const decoder = new TextDecoder()

/** @returns null for what is no score, such as one of a newer program */
export function readScore(value: Uint8Array | null): Score | null {
  const parsed = parse(value)
  return scoreSchema.Check(parsed) ? parsed : null
}

/** @returns null for what is no alert event */
export function readAlertEvent(value: Uint8Array | null): AlertEvent | null {
  const parsed = parse(value)
  return eventSchema.Check(parsed) ? parsed : null
}

function parse(value: Uint8Array | null): unknown {
  try {
    return value === null ? null : JSON.parse(decoder.decode(value))
  } catch {
    // Not ours then: the schema says so to who asked.
    return undefined
  }
}
