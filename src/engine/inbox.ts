/** What stands on the `readings` topic beside readings: ticks, pulses and commands, told apart by the header `type`. */
import { Compile } from 'typebox/compile'
import type { Undecodable } from '../core/decode.ts'
import { Command, Pulse, Tick } from '../core/records.ts'
import { RECORD_TYPE } from '../core/topics.ts'

const tickSchema = Compile(Tick)
const pulseSchema = Compile(Pulse)
const commandSchema = Compile(Command)
const utf8 = new TextDecoder()

/** @returns the tick, pulse or command, or why the record is a dead letter */
export function parseInbox(
  type: string,
  value: Uint8Array | null,
): { readonly tick: Tick } | { readonly pulse: Pulse } | { readonly command: Command } | Undecodable {
  const parsed = parseJson(value)
  if (type === RECORD_TYPE.tick) {
    return tickSchema.Check(parsed) ? { tick: parsed } : schema('a tick is {"ts": epoch ms, "elapsed": ms}')
  }
  if (type === RECORD_TYPE.pulse) {
    return pulseSchema.Check(parsed)
      ? { pulse: parsed }
      : schema('a pulse is {"ts": epoch ms, "others": assets}')
  }
  if (type === RECORD_TYPE.command) {
    return commandSchema.Check(parsed)
      ? { command: parsed }
      : schema('no command that this program knows: {id, command, asset, alert, by, at}')
  }
  return schema(`header type is ${type}; a reading has none`)
}

function parseJson(value: Uint8Array | null): unknown {
  try {
    return value === null ? null : JSON.parse(utf8.decode(value))
  } catch {
    // Told to the sender by the schema check: text that is no JSON is no tick either.
    return undefined
  }
}

function schema(detail: string): Undecodable {
  return { reason: 'schema', detail }
}
