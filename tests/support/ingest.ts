/** An embedded broker with intake behind it and a log that the test holds in its hand. */
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import type { NewRecord } from '../../src/core/ports.ts'
import { makeJsonFormat } from '../../src/formats/json.ts'
import { type BrokerOptions, startBroker } from '../../src/ingest/broker.ts'
import { type Gate, makeGate } from '../../src/ingest/gate.ts'
import { type DurableAppend, type Intake, makeIntake } from '../../src/ingest/intake.ts'

export const TOPICS = { readings: 'readings', 'dead-letters': 'dead-letters' }

export const LIMITS = {
  payloadBytes: 256 * 1024,
  arrayReadings: 10_000,
  channelsPerAsset: 256,
  inFlightReadings: 20_000,
  inFlightBytes: 64 * 1024 * 1024,
}

export interface HandLog extends DurableAppend {
  /** What is durable, in order. */
  readonly records: NewRecord[]
  /** Holds appends back; `release` lets them through, and those behind them. */
  hold(): void
  release(): void
  /** Fails what is held, as an append that is closed does. */
  fail(error: Error): void
  /** Records that are held. */
  waiting(): number
}

/** Durable at the next turn of the event loop, unless held. */
export function makeHandLog(): HandLog {
  const records: NewRecord[] = []
  let held: { records: readonly NewRecord[]; done: (error: Error | null) => void }[] | null = null
  const write = (more: readonly NewRecord[], done: (error: Error | null) => void) => {
    // Copied, as a log does: the bytes belong to the socket's chunk.
    for (const record of more) records.push({ ...record, value: record.value && Buffer.from(record.value) })
    done(null)
  }
  return {
    records,
    add(more, done) {
      if (held) held.push({ records: more, done })
      else setImmediate(write, more, done)
    },
    hold() {
      held ??= []
    },
    release() {
      const waiting = held ?? []
      held = null
      for (const { records: more, done } of waiting) write(more, done)
    },
    fail(error) {
      const waiting = held ?? []
      held = null
      for (const { done } of waiting) done(error)
    },
    waiting: () => (held ?? []).reduce((sum, { records: more }) => sum + more.length, 0),
  }
}

export interface IngestOptions {
  readonly append?: DurableAppend
  readonly limits?: Partial<typeof LIMITS>
  readonly mqtt?: Partial<BrokerOptions['mqtt']>
  readonly assigned?: (asset: string) => boolean
}

export interface Parts {
  readonly intake: Intake
  readonly gate: Gate
}

/** Intake and gate in front of an append. */
export function makeParts(
  append: DurableAppend,
  { limits = {}, assigned = () => true }: IngestOptions,
): Parts {
  const all = { ...LIMITS, ...limits }
  const gate = makeGate(all)
  const format = makeJsonFormat(all)
  return { gate, intake: makeIntake({ topics: TOPICS, format, append, gate, assigned, now: Date.now }) }
}

export async function startIngest(options: IngestOptions = {}) {
  const log = makeHandLog()
  const parts = makeParts(options.append ?? log, options)
  const refused: string[] = []
  const broker = await startBroker({
    mqtt: {
      host: '127.0.0.1',
      port: 0,
      topic: 'sensors/{asset}',
      users: null,
      maxConnections: 100,
      ...options.mqtt,
    },
    limits: { ...LIMITS, ...options.limits },
    ...parts,
    onRefused: (refusal, detail) => refused.push(`${refusal}: ${detail}`),
  })
  const url = `mqtt://127.0.0.1:${broker.port}`
  const clients: MqttClient[] = []
  return {
    ...parts,
    broker,
    log,
    url,
    refused,
    async connect(clientOptions: IClientOptions = {}): Promise<MqttClient> {
      const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...clientOptions }, false)
      clients.push(client)
      return client
    },
    async close() {
      for (const client of clients) client.end(true)
      log.release()
      await broker.close()
    },
  }
}

export const payloadOf = (asset: string, n: number) =>
  JSON.stringify({ asset, ts: n, values: { temperature: n } })

/** Resolves once the condition holds; says what it waited for when it doesn't within ten seconds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    if (holds()) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`waited in vain: ${what}`)
}
