/**
 * Payloads from MQTT → records of `readings` and `dead-letters` → one durable append, then the word back to
 * whoever must acknowledge. Behind the two brokers, in front of the event log.
 */
import { deadLetterRecord, type RejectedPayload } from '../core/dead-letter.ts'
import type { NewRecord } from '../core/ports.ts'
import { DEAD_LETTER_REASONS, type DeadLetterReason, type TopicNames } from '../core/topics.ts'
import type { Gate } from './gate.ts'

/** Gathers records into appends; answers when they are durable, or when they never will be (it was closed). */
export interface DurableAppend {
  add(records: readonly NewRecord[], done: (error: Error | null) => void): void
}

/** A payload format, see `formats/json.ts`. */
export interface PayloadFormat {
  decode(
    payload: Uint8Array,
    origin: { readonly asset: string | null; readonly receivedAt: number | null },
    taker: {
      reading(asset: string, value: Uint8Array, index?: number): void
      letter(rejected: RejectedPayload): void
    },
    sizeBytes?: number,
  ): void
}

export interface IntakeOptions {
  readonly topics: Pick<TopicNames, 'readings' | 'dead-letters'>
  readonly format: PayloadFormat
  readonly append: DurableAppend
  readonly gate: Gate
  /** True when a pipeline takes the asset. */
  assigned(asset: string): boolean
  /** Epoch ms. */
  now(): number
}

export type Received = 'decoded' | 'rejected' | 'unassigned'

/** Payloads that came together and become durable together. */
export interface Run {
  /**
   * @param asset what the topic names
   * @param payload the bytes, or the first ones of a payload that is too large
   * @param sizeBytes size of the whole payload
   * @param isRetained the broker has kept it since nobody knows when: it must carry its own time
   */
  add(
    topic: string,
    asset: string | null,
    payload: Uint8Array,
    sizeBytes?: number,
    isRetained?: boolean,
  ): void
  /** Hands the run on; `done` says when its payloads may be acknowledged, with an error: never. */
  end(done: (error: Error | null) => void): void
}

/** Where payloads come from, and who wants to hear what became of them beside the log. */
export interface RunOptions {
  /** Default `mqtt`. */
  readonly source?: 'mqtt' | 'http'
  onReading?(): void
  onLetter?(rejected: RejectedPayload): void
}

export interface Intake {
  run(options?: RunOptions): Run
  /** Readings that became durable, by what they were. */
  received(): Readonly<Record<Received, number>>
  deadLetters(): Readonly<Record<DeadLetterReason, number>>
}

/** Assets for which it is remembered whether a pipeline takes them; beyond it they are asked for anew. */
const ASSETS_REMEMBERED = 100_000

export function makeIntake({ topics, format, append, gate, assigned, now }: IntakeOptions): Intake {
  const received = { decoded: 0, rejected: 0, unassigned: 0 }
  const deadLetters = Object.fromEntries(DEAD_LETTER_REASONS.map((reason) => [reason, 0])) as Record<
    DeadLetterReason,
    number
  >
  const remembered = new Map<string, boolean>()

  function isAssigned(asset: string): boolean {
    let known = remembered.get(asset)
    if (known === undefined) {
      if (remembered.size >= ASSETS_REMEMBERED) remembered.clear()
      known = assigned(asset)
      remembered.set(asset, known)
    }
    return known
  }

  function run({ source = 'mqtt', onReading, onLetter }: RunOptions = {}): Run {
    const receivedAt = now()
    const records: NewRecord[] = []
    const letters: DeadLetterReason[] = []
    let bytes = 0
    // The payload in hand; the taker below is made once per run, not once per payload.
    let topic = ''
    let payload: Uint8Array = new Uint8Array(0)
    const taker = {
      reading(asset: string, value: Uint8Array, index?: number) {
        if (isAssigned(asset)) {
          records.push({ topic: topics.readings, key: asset, value })
          onReading?.()
          return
        }
        const place = index === undefined ? { value: payload } : { value, index }
        taker.letter({
          reason: 'unassigned',
          detail: `no pipeline takes asset ${asset}`,
          key: asset,
          ...place,
        })
      },
      letter(rejected: RejectedPayload) {
        letters.push(rejected.reason)
        onLetter?.(rejected)
        records.push(deadLetterRecord(topics['dead-letters'], rejected, { source, topic, receivedAt }))
      },
    }

    function settle(error: Error | null): void {
      gate.leave(records.length, bytes)
      if (error) return
      received.decoded += records.length - letters.length
      for (const reason of letters) {
        deadLetters[reason]++
        received[reason === 'unassigned' ? 'unassigned' : 'rejected']++
      }
    }

    return {
      add(nextTopic, asset, nextPayload, sizeBytes, isRetained = false) {
        topic = nextTopic
        payload = nextPayload
        const before = records.length
        format.decode(payload, { asset, receivedAt: isRetained ? null : receivedAt }, taker, sizeBytes)
        bytes += payload.length
        gate.enter(records.length - before, payload.length)
      },
      end(done) {
        append.add(records, (error) => {
          // First the acknowledgements, so that they leave before more is read.
          done(error)
          settle(error)
        })
      },
    }
  }

  return { run, received: () => received, deadLetters: () => deadLetters }
}
