/** The ingest stage put together: gate, format, intake, and the broker that the settings name. */
import type { Settings } from '../config/settings.ts'
import { assetPattern } from '../core/match.ts'
import { makeJsonFormat } from '../formats/json.ts'
import { type EmbeddedBroker, startBroker } from '../ingest/broker.ts'
import { type Gate, makeGate } from '../ingest/gate.ts'
import { type DurableAppend, type Intake, makeIntake } from '../ingest/intake.ts'
import { connectBroker, type OutsideBroker } from '../ingest/mqtt.ts'
import type { Logger } from '../observe/logger.ts'

export interface IngestStage {
  readonly intake: Intake
  readonly gate: Gate
  /** The embedded broker; null when an outside one is named. */
  readonly embedded: EmbeddedBroker | null
  readonly outside: OutsideBroker | null
  close(): Promise<void>
}

/** @returns true for assets that a pipeline takes */
export function assignedBy({ pipelines }: Pick<Settings, 'pipelines'>): (asset: string) => boolean {
  const takes = pipelines.map(({ assets }) => assetPattern(assets))
  return (asset) => takes.some((test) => test(asset))
}

/** Payloads → durable records, whoever brings them; HTTP uses it without a broker. */
export function makeIntakeOf(
  settings: Settings,
  append: DurableAppend,
  now: () => number,
): { intake: Intake; gate: Gate } {
  const gate = makeGate(settings.limits)
  const intake = makeIntake({
    topics: settings.log.topics,
    format: makeJsonFormat(settings.limits),
    append,
    gate,
    assigned: assignedBy(settings),
    now,
  })
  return { intake, gate }
}

/** Starts taking readings from MQTT. */
export async function startIngest(
  settings: Settings,
  { intake, gate }: { intake: Intake; gate: Gate },
  logger: Logger,
): Promise<IngestStage> {
  const { mqtt, limits } = settings
  if (mqtt.url === 'embedded') {
    const onRefused = (refusal: string, detail: string) =>
      logger.debug({ refusal }, `MQTT client refused: ${detail}`)
    const embedded = await startBroker({ mqtt, limits, intake, gate, onRefused })
    return { intake, gate, embedded, outside: null, close: () => embedded.close() }
  }
  const outside = connectBroker({
    mqtt,
    limits,
    intake,
    gate,
    onState: ({ connected, detail }) => (connected ? logger.info(detail) : logger.warn(detail)),
  })
  return { intake, gate, embedded: null, outside, close: () => outside.close() }
}
