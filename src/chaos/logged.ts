/**
 * The log of what came in against the witness: every acknowledged message must stand there, byte for byte: a
 * reading on `readings`, a payload that is none on `dead-letters`. MQTT may bring a message twice; the engine tells
 * it apart, so that is counted and no fault.
 */
import type { LogRecord } from '../core/ports.ts'
import { type Difference, total } from './comparison.ts'
import { type Load, numberOf } from './load.ts'

export interface Logged {
  /** Takes records of `readings`; ticks are passed over. */
  readings(records: readonly LogRecord[]): void
  /** Takes dead letters of ingest. */
  letters(records: readonly LogRecord[]): void
  /** Messages that stand there more than once: MQTT brought them again. */
  redelivered(): number
  /** @param acknowledged numbers of the messages that must be there @param accepted ids of the commands */
  judge(acknowledged: ReadonlySet<number>, accepted: ReadonlySet<string>): Difference
}

/** Lost numbers that a sentence names. */
const MOST_NAMED = 20

const decoder = new TextDecoder()

/** @param published numbers below it were published */
export function createLogged(load: Load, published: number): Logged {
  const times = new Uint16Array(published)
  const commands = new Map<string, number>()
  const wrong: Difference[] = []

  function take(record: LogRecord, onReadings: boolean): void {
    const payload = decoder.decode(record.value ?? new Uint8Array(0))
    const number = numberOf(payload)
    const sent = number === null || number >= published ? null : load.message(number)
    const place = onReadings ? 'readings' : 'dead-letters'
    if (sent === null) {
      wrong.push(unlike(`${place}: nobody published what stands at offset ${record.offset}: ${payload}`))
    } else if (sent.payload !== payload || isReading(sent.fate) !== onReadings) {
      wrong.push(unlike(`${place}: message ${number} was ${sent.payload}, is ${payload}`))
    } else {
      times[sent.number]!++
    }
  }

  return {
    readings(records) {
      for (const record of records) {
        if (record.headers.type === undefined) take(record, true)
        else if (record.headers.type === 'command') {
          const { id } = JSON.parse(decoder.decode(record.value ?? new Uint8Array(0))) as { id: string }
          commands.set(id, (commands.get(id) ?? 0) + 1)
        }
      }
    },
    letters(records) {
      for (const record of records) take(record, false)
    },
    redelivered: () => times.filter((count) => count > 1).length,
    judge(acknowledged, accepted) {
      wrong.push(judgeCommands(commands, accepted))
      const lost = [...acknowledged].filter((number) => times[number] === 0)
      const named = lost.slice(0, MOST_NAMED).join(', ')
      const findings = lost.length > 0 ? [`acknowledged and not on the log: messages ${named}`] : []
      return total([{ lost: lost.length, doubled: 0, different: 0, findings }, ...wrong])
    },
  }
}

/** Unlike a reading, a command is sent once: nobody asks again for what was accepted. */
function judgeCommands(commands: ReadonlyMap<string, number>, accepted: ReadonlySet<string>): Difference {
  const lost = [...accepted].filter((id) => !commands.has(id))
  const doubled = [...commands].filter(([, times]) => times > 1)
  const findings = [
    ...lost.slice(0, 1).map((id) => `accepted and not on the log: command ${id}`),
    ...doubled.slice(0, 1).map(([id, times]) => `command ${id} stands ${times} times on the log`),
  ]
  return { lost: lost.length, doubled: doubled.length, different: 0, findings }
}

function isReading(fate: ReturnType<Load['message']>['fate']): boolean {
  return fate === 'windowed' || fate === 'late' || fate === 'future'
}

function unlike(finding: string): Difference {
  return { lost: 0, doubled: 0, different: 1, findings: [finding] }
}
