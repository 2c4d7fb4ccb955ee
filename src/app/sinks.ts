/** The sinks put together: alerts as retained MQTT messages, at the embedded broker or the outside one. */
import type { Settings } from '../config/settings.ts'
import type { EventLog } from '../core/ports.ts'
import type { Logger } from '../observe/logger.ts'
import { startMqttSink } from '../sinks/mqtt.ts'
import { connectPublisher } from '../sinks/mqtt-publisher.ts'
import type { IngestStage } from './ingest.ts'

/** The stage beside which alerts go out: where the embedded broker is, or at the engine for an outside one. */
export function alertsBeside({ mqtt }: Settings): 'ingest' | 'engine' {
  return mqtt.url === 'embedded' ? 'ingest' : 'engine'
}

/** @returns the way to stop it */
export function startMqttAlerts(
  settings: Settings,
  log: EventLog,
  ingest: IngestStage | null,
  logger: Logger,
): () => Promise<void> {
  const onError = (error: Error) => logger.warn(`alerts to MQTT: ${error.message}`)
  const outside = ingest?.embedded ? null : connectPublisher(settings.mqtt, onError)
  const publish = ingest?.embedded?.publish ?? outside?.publish
  if (!publish) return async () => {}
  const sink = startMqttSink({
    log,
    topics: settings.log.topics,
    group: settings.log.group,
    topic: settings.sinks.mqtt.topic,
    publish,
    onError,
  })
  return async () => {
    await sink.stop()
    await outside?.close()
  }
}
