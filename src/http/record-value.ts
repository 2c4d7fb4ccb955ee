/** Values of the topics that the board reads, checked against their schemas: a topic may have other writers. */
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Alert, AlertEvent, Reading, Score } from '../core/records.ts'

/** @returns the value, or null when the bytes are none of that schema */
export type ReadValue<Value> = (bytes: Uint8Array | null) => Value | null

function reader<Schema extends TSchema>(schema: Schema): ReadValue<Static<Schema>> {
  const validator = Compile(schema)
  return (bytes) => {
    const value = parseJson(bytes)
    return validator.Check(value) ? (value as Static<Schema>) : null
  }
}

export const readScore = reader(Score)
export const readAlert = reader(Alert)
export const readAlertEvent = reader(AlertEvent)
export const readReading = reader(Reading)

function parseJson(bytes: Uint8Array | null): unknown {
  if (bytes === null) return null
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString())
  } catch {
    return null
  }
}
